"""What people do on the pages, so that journeys read as sentences. Words on the screen are Russian, as for most."""

from collections.abc import Callable
from typing import Any

import httpx
import pyotp
from playwright.sync_api import Locator, Page, expect

from e2e.profiles import PATIENCE_MS
from tests.servers.process import wait_until


def program(url: str, login: str, password: str = "demo") -> httpx.Client:
    """A client of the JSON face, signed in; close it."""
    client = httpx.Client(base_url=url, timeout=10)
    client.post("/users/login", json={"username": login, "password": password}).raise_for_status()
    return client


def tasks(client: httpx.Client, **asked: Any) -> dict[str, Any]:
    """The JSON list: `tasks` and `pagination`."""
    found: dict[str, Any] = client.get("/tasks/my-tasks", params=asked).raise_for_status().json()
    return found


def some_task(client: httpx.Client, **asked: Any) -> dict[str, Any]:
    """The first of the list; the demo has at least one of each kind that journeys ask for."""
    found: dict[str, Any] = tasks(client, **asked)["tasks"][0]
    return found


def history(client: httpx.Client, task: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/tasks/api/task/{task}/history").raise_for_status().json()["history"]
    return found


def tell(client: httpx.Client, task: int, text: str, private: bool = False) -> None:
    """Comment on a task from elsewhere."""
    said = {"comment": text, "private": private}
    client.post(f"/tasks/api/task/{task}/comments", json=said).raise_for_status()


def change_elsewhere(client: httpx.Client, task: int, field: str, value: str) -> None:
    """Choose another value of a field by its name from elsewhere."""
    address, many = f"/tasks/api/task/{task}", {"status": "statuses", "priority": "priorities", "assignee": "assignees"}
    offered = client.get(f"{address}/{many[field]}").raise_for_status().json()[f"available_{many[field]}"]
    chosen = next(it["id"] for it in offered if it["name"] == value)
    client.put(f"{address}/{field}", json={f"{field}_id": chosen}).raise_for_status()


def end_all_sessions(client: httpx.Client) -> None:
    client.post("/users/logout", json={"everywhere": True}).raise_for_status()


def wait_for_unread(client: httpx.Client, number: int) -> None:
    """Until so many notifications have come."""

    def come() -> bool:
        told = client.get("/tasks/api/notifications?limit=1").raise_for_status().json()
        return bool(told["unread_count"] == number)

    wait_until(come, seconds=30, what=f"{number} unread notifications")


def notes(client: httpx.Client, task: int) -> list[str]:
    return [entry["notes"] for entry in history(client, task)]


def sign_in(page: Page, login: str, password: str = "demo") -> None:
    """Fill in the sign-in form that is on the screen."""
    page.get_by_label("Логин или почта").fill(login)
    page.get_by_label("Пароль").fill(password)
    page.get_by_role("main").get_by_role("button", name="Войти").click()


def come_in(page: Page, login: str, password: str = "demo") -> None:
    """A session without the sign-in page, for journeys about something else."""
    answer = page.request.post("/users/login", data={"username": login, "password": password})
    assert answer.ok


def come_to(page: Page, login: str, page_or_task: str | int) -> None:
    """Come in, and open the page of an address or of a task."""
    if page.url != "about:blank":
        page.goto("about:blank")  # an open page would still ask with the session that ends here
    come_in(page, login)
    if isinstance(page_or_task, int):
        open_task(page, page_or_task)
    else:
        page.goto(page_or_task)


def open_task(page: Page, number: int) -> None:
    page.goto(f"/tasks/{number}")
    expect(page.locator(f"#task-{number}")).to_be_visible()


def control(page: Page, field: str) -> Locator:
    """The control of one field among the facts of the task on the screen."""
    return page.locator(f".task-facts select[name={field}_id]")


def change(page: Page, field: str, value: str) -> Locator:
    """Choose another value, which scripts save at once; without them press the button. The control that was used."""
    its, save = control(page, field), page.locator(".task-save")
    its.focus()
    if save.is_visible():
        its.select_option(label=value)
        save.click()
        return its
    with page.expect_response("**/fields"):
        its.select_option(label=value)
    return its


def fact(page: Page, field: str) -> Locator:
    """What the facts of the task on the screen say of a field."""
    return page.locator(f"[id^={field}-][id$=-fact]").locator("option:checked")


def comment_form(page: Page) -> Locator:
    return page.locator("form.compose")


def comment_box(page: Page) -> Locator:
    return comment_form(page).get_by_role("textbox", name="Комментарий")


def add_comment(page: Page, text: str, private: bool = False) -> Locator:
    """Write a comment and press; the button that was pressed."""
    comment_box(page).fill(text)
    if private:
        comment_form(page).get_by_text("Внутренний комментарий").click()
    return press_comment(page)


def press_comment(page: Page) -> Locator:
    button = comment_form(page).get_by_role("button", name="Ответить", exact=True)
    button.click()
    return button


def answer_and(page: Page, text: str, status: str) -> Locator:
    """Write a comment, and press the button of a status that goes with it; the button that was pressed."""
    comment_box(page).fill(text)
    button = comment_form(page).get_by_role("button", name=f"Ответить и → {status}")
    if not button.is_visible():
        comment_form(page).locator(".compose-send summary").click()
    button.click()
    return button


def compose_tools(page: Page) -> Locator:
    """Reply templates and the preview, opened."""
    tools = comment_form(page).locator(".compose-tools")
    if tools.get_attribute("open") is None:
        tools.locator("summary").click()
    return tools


def entries(page: Page) -> Locator:
    """The comments and changes of the task on the screen, oldest first."""
    return page.locator(".task-history li.task-entry")


def toast(page: Page, text: str) -> Locator:
    return page.locator("#toasts [data-toast]").filter(has_text=text)


def subjects(page: Page) -> Locator:
    """The links of the list on the screen, in its order."""
    return page.locator("table.list td.list-subject a")


def listed_ids(page: Page) -> list[int]:
    """Read once: only after something was awaited that the new list alone has."""
    return [int(text) for text in page.locator("table.list td.list-id").all_inner_texts()]


def total(page: Page) -> Locator:
    return page.locator(".told strong")


def own_menu(page: Page) -> Locator:
    """The person's own menu, at the end of the navigation, which says who is signed in."""
    return page.locator(".me > summary")


def open_own_menu(page: Page) -> None:
    """It is fetched when it is opened; without scripts it is a page of its own."""
    own_menu(page).click()
    if not page.evaluate("() => 'htmx' in window"):
        page.locator(".me [href='/users/menu']").click()
    expect(page.locator("[href='/users/logout']")).to_be_visible()


def search(page: Page, words: str) -> None:
    """In the top bar, from any page."""
    box = page.get_by_role("banner").get_by_role("search")
    box.get_by_role("searchbox").fill(words)
    box.get_by_role("button").click()


def status_filter(page: Page) -> Locator:
    return page.locator("form.filter [name=status_id]")


def open_filter(page: Page) -> None:
    """Ask for all filters of the list on the screen."""
    page.locator("form.filter").get_by_role("link", name="фильтр").click()
    expect(status_filter(page)).to_be_visible()


def bulk(page: Page) -> Locator:
    """The form that changes the ticked tasks of the list on the screen."""
    return page.get_by_role("form", name="Изменить отмеченные")


def tick(page: Page, number: int) -> None:
    page.locator(f"table.list [name=task_id][value='{number}']").check()


def ask_for_bulk(page: Page, javascript: bool) -> Locator:
    """The form for the tasks that are ticked: it comes by itself, or without JavaScript by a button."""
    if not javascript:
        page.get_by_role("button", name="Изменить отмеченные").click()
    expect(bulk(page)).to_be_visible()
    return bulk(page)


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait for what is no element of the page."""
    for _ in range(PATIENCE_MS // 50):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not come about")


def mark(page: Page) -> None:
    """Put a mark on this very document, which a full load of any page would wipe away."""
    page.evaluate("() => { window.markedByJourney = true }")


def is_marked(page: Page) -> bool:
    return bool(page.evaluate("() => window.markedByJourney === true"))


def begin_second_factor(page: Page, password: str = "demo") -> str:
    """Begin to set up a second factor, on its page; the secret that an app is told."""
    page.get_by_label("Ваш пароль").fill(password)
    page.get_by_role("button", name="Начать").click()
    expect(page.get_by_role("img", name="QR-код")).to_be_visible()
    return (page.locator("main code").text_content() or "").replace(" ", "")


def confirm_second_factor(page: Page, secret: str) -> list[str]:
    """Enter the code that an app shows now; the recovery codes."""
    page.get_by_label("Код", exact=True).fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Включить второй фактор").click()
    expect(page.get_by_role("heading", name="Резервные коды", exact=True)).to_be_visible()
    return page.locator("main code").all_text_contents()
