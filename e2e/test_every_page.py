"""Every kind of page and fragment at rest: see looking.py."""

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.looking import Look
from e2e.watching import Announced
from tests.tasks.test_pictures import picture

TEXT = "Слово за слово, и никакихсловдлиннеетридцатишестибукв не бывает"

# What is looked at is the same with scripts and without; axe needs them.
pytestmark = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


def test_pages_of_a_visitor(page: Page, look: Look, announced: Announced) -> None:
    announced.update({401, 404, 422, 429})
    page.goto("/users/login")
    look("signing in")
    steps.sign_in(page, "anna", "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    look("a wrong password")
    page.goto("/nothing/here")
    look("an unknown address")
    page.goto("/users/register")
    look("registering")
    for label, text in {
        "Логин": "anna",
        "Почта": "anna@example.test",
        "Пароль": "short",
        "Пароль ещё раз": "x",
    }.items():
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_role("button", name="Зарегистрироваться").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look("a registration that was refused")
    page.goto("/users/login")
    for _ in range(6):
        page.request.post("/users/login", data={"username": "somebody", "password": "wrong"})
    steps.sign_in(page, "somebody", "wrong")
    expect(page.get_by_role("alert")).to_contain_text("Слишком много")
    look("too many attempts")


def test_lists(page: Page, look: Look, announced: Announced) -> None:
    announced.add(422)
    steps.come_in(page, "anna")
    for name, address in {
        "the list": "/tasks/my-tasks",
        "its second page": "/tasks/my-tasks?page=2",
        "narrowed, closed, sorted": "/tasks/my-tasks?closed=1&sort=due_date&search=не",
        "a page too far": "/tasks/my-tasks?page=99",
        "nothing found": "/tasks/my-tasks?search=ничего-подобного",
        "no such number": "/tasks/my-tasks?search=%23999999",
        "requested by me": "/tasks/my-tasks?author_id=me",
        "a wrong question": "/tasks/my-tasks?page=-1",
        "narrowed by people and days": "/tasks?assigned_to_id=me,3&author_id=4&updated_since=2026-01-31&project_id=1",
        "statistics": "/tasks/statistics",
        "statistics narrowed": "/tasks/statistics?assigned_to_id=me,3&created_since=2026-01-31&created_by=2099-01-01",
        "no views yet": "/views",
        "anything": "/search?q=не",
        "nothing of anything": "/search?q=ничего-подобного",
        "keys": "/keys",
        "a list to be saved": "/views?of=/tasks&status_id=2",
    }.items():
        page.goto(address)
        look(name)
    steps.come_to(page, "stranger", "/tasks/my-tasks")
    look("an empty list")
    page.goto("/tasks/statistics")
    look("nothing to count")


def test_ticked_tasks_and_saved_views(page: Page, look: Look, announced: Announced) -> None:
    announced.add(422)
    steps.come_to(page, "anna", "/tasks?per_page=5")
    for box in page.locator("tbody input[type=checkbox]").all():
        box.check()
    look("tasks that are ticked")
    steps.bulk(page).get_by_role("button").click()
    expect(steps.bulk(page).get_by_role("alert")).not_to_be_empty()
    look("a change of many without any change")
    steps.bulk(page).get_by_label("Статус").select_option(label="Закрыта")
    steps.bulk(page).get_by_label("Комментарий").fill(TEXT)
    steps.bulk(page).get_by_role("button").click()
    expect(page.locator(".outcomes li").first).to_be_visible()
    look("what became of many at once, in a toast")
    steps.bulk(page).get_by_label("Статус").select_option(label="Закрыта")
    _send_as_without_scripts(page.locator("#bulk"))
    expect(page.get_by_role("link", name="К списку")).to_be_visible()
    look("what became of many at once")
    for name, address in {
        "the form for ticked tasks": "/tasks/bulk?task_id=301&task_id=300",
        "nothing ticked": "/tasks/bulk",
        "all filters": "/tasks?filter=1",
        "the choice of columns": "/tasks/layout",
    }.items():
        page.goto(address)
        look(name)
    for name in ("Срочные", TEXT[:60]):
        page.goto("/views?of=/tasks&priority_id=4")
        page.get_by_label("Название", exact=True).fill(name)
        page.get_by_role("button", name="Сохранить").click()
        expect(steps.subjects(page).first).to_be_visible()
    look("a list with views beside it")
    page.goto("/views?of=/tasks&priority_id=4")
    page.get_by_label("Название", exact=True).fill("срочные")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_text("уже есть")).to_be_visible()
    look("a name that is taken")


def test_start_pages(page: Page, look: Look) -> None:
    for login in ("anna", "irina", "admin", "stranger"):
        steps.come_to(page, login, "/")
        look(f"the start page of {login}")


def test_task_pages(page: Page, look: Look, announced: Announced, anna: httpx.Client) -> None:
    announced.update({404, 405})
    numbers = [task["id"] for task in steps.tasks(anna, closed=1, per_page=100)["tasks"]]
    longest = max(numbers[:40], key=lambda number: len(steps.history(anna, number)))
    steps.come_in(page, "anna")
    for name, address in {
        "a task with much history": f"/tasks/{longest}",
        "a task just opened": f"/tasks/{max(numbers)}",
        "no task": "/tasks/2000000000",
        "an address that can't do that": "/preferences",
        "signing out": "/users/logout",
    }.items():
        page.goto(address)
        look(name)
    steps.come_to(page, "irina", "/tasks/my-tasks")
    steps.subjects(page).first.click()
    expect(steps.comment_form(page)).to_be_visible()
    look("a task as its requester sees it")


def test_reply_templates(page: Page, look: Look, announced: Announced) -> None:
    announced.add(422)
    steps.come_in(page, "anna")
    own = page.request.post("/replies", data={"name": "Приветствие", "text": TEXT}).json()["reply"]["id"]
    for name, address in {"reply templates": "/replies", "one of them": f"/replies/{own}"}.items():
        page.goto(address)
        look(name)
        page.locator("main [name=text]").fill("")
        _send_as_without_scripts(page.locator("form").filter(has=page.locator("[name=text]")))
        expect(page.locator("[aria-invalid]").first).to_be_visible()
        look(f"{name}, refused")


def test_sessions_passwords_and_tokens(page: Page, look: Look, announced: Announced) -> None:
    announced.add(422)
    steps.come_to(page, "anna", "/users/tokens")
    look("no token")
    page.request.post("/users/tokens", data={"name": TEXT[:60], "scope": "write", "days": None})
    for name in ("sessions", "password", "tokens"):
        page.goto(f"/users/{name}")
        look(f"the page of {name}")
    page.get_by_label("Название", exact=True).fill("Отчёт")
    page.get_by_role("button", name="Создать токен").click()
    expect(page.locator("#token")).to_be_visible()
    look("a token that was made")
    page.goto("/users/password")
    for label in ("Прежний пароль", "Новый пароль", "Новый пароль ещё раз"):
        page.get_by_label(label, exact=True).fill("not the right one")
    page.get_by_role("button", name="Сменить пароль").click()
    expect(page.locator("[aria-invalid]").first).to_be_visible()
    look("a password that was refused")


def test_second_factor(page: Page, look: Look, announced: Announced) -> None:
    announced.update({401, 422})
    steps.come_to(page, "boris", "/users/second-factor")
    look("no second factor")
    secret = steps.begin_second_factor(page)
    look("a second factor that is set up")
    page.get_by_label("Код", exact=True).fill("wrong")
    page.get_by_role("button", name="Включить второй фактор").click()
    expect(page.locator("[aria-invalid]")).to_be_visible()
    look("a first code that was refused")
    steps.confirm_second_factor(page, secret)
    look("recovery codes")
    page.goto("/users/second-factor")
    look("a second factor")
    page.locator("#password-off").fill("demo")
    page.locator("#code-off").fill("wrong")
    page.get_by_role("button", name="Отключить второй фактор").click()
    expect(page.locator("[aria-invalid]")).to_be_visible()
    look("a second factor that was not switched off")
    page.context.clear_cookies()
    page.goto("/users/login")
    steps.sign_in(page, "boris")
    expect(page.locator("#code")).to_be_focused()
    look("signing in with a code")
    page.locator("#code").fill("wrong")
    page.get_by_role("button", name="Войти").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look("a wrong code")


def test_settings_of_notifications(page: Page, look: Look, announced: Announced, anna: httpx.Client) -> None:
    announced.add(422)
    steps.come_to(page, "anna", "/notifications/preferences")
    look("settings of notifications")
    for place in ("task/301", "project/1"):
        anna.post(f"/notifications/mute/{place}", json={"muted": True}).raise_for_status()
    page.goto("/tasks/301")
    look("a muted task")
    page.goto("/notifications/preferences?saved=1")
    look("settings that were saved, and what is muted")
    for name in ("Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс"):
        page.get_by_role("region", name="Тихие часы").get_by_label(name, exact=True).uncheck()
    page.get_by_label("Соблюдать тихие часы").check()
    page.get_by_label("По часам").evaluate("(it) => { it.options[it.selectedIndex].value = 'Mars/Olympus' }")
    _send_as_without_scripts(page.locator("#preferences"))
    expect(page.get_by_label("По часам")).to_have_attribute("aria-invalid", "true")
    look("settings refused")


def test_columns_of_the_board(page: Page, look: Look, announced: Announced) -> None:
    announced.update({403, 422})
    steps.come_to(page, "anna", "/tasks/board/columns")
    look("columns as who may not change them sees them")
    steps.come_to(page, "admin", "/tasks/board/columns?next=/tasks")
    look("columns of the board")
    limit = page.get_by_label("Лимит: В работе")
    limit.fill("0")
    _send_as_without_scripts(page.locator("#columns"))
    expect(limit).to_have_attribute("aria-invalid", "true")
    look("columns refused")
    page.goto("/tasks/board/columns")
    limit.fill("7")
    page.get_by_label("Фаза: Решена").select_option(label="ожидание")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_text("Столбцы сохранены.")).to_be_visible()
    expect(limit).to_have_value("7")
    look("columns saved")


def test_new_tasks_and_files(page: Page, look: Look, announced: Announced, anna: httpx.Client) -> None:
    announced.add(422)
    name = f"{TEXT}.txt"
    task, chosen = steps.some_task(anna)["id"], {"files": (name, b"x", "text/plain")}
    anna.post(f"/tasks/{task}/attachments", files=chosen).raise_for_status()
    steps.come_to(page, "stranger", "/tasks/new")
    look("nowhere to create a task")
    steps.come_in(page, "anna")
    for told, address in {
        "a task with files": f"/tasks/{task}",
        "where a new task goes": "/tasks/new",
        "a new task": "/tasks/new?project_id=2",
    }.items():
        page.goto(address)
        look(told)
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/plain", "buffer": b"x"})
    for told in ("a new task refused", "a new task refused by htmx"):
        page.get_by_label("Начало").fill("2027-01-15")
        page.get_by_label("Срок").fill("2027-01-11")
        page.get_by_label("Тема").fill(TEXT)
        if told.endswith("htmx"):
            page.get_by_role("button", name="Создать задачу").click()
        else:
            _send_as_without_scripts(page.locator("#new-task"))
        expect(page.get_by_label("Срок")).to_have_attribute("aria-invalid", "true")
        look(told)
    page.goto("/tasks/new")
    expect(page.get_by_role("link", name="Продолжить")).to_be_visible()
    look("a new task that was begun")


def test_pages_about_a_task(page: Page, look: Look, announced: Announced, as_program: AsProgram) -> None:
    announced.update({409, 422})
    whole = 301
    boris, admin = as_program("boris"), as_program("admin")
    file = {"files": ("снимок.png", picture((640, 480)), "image/png")}
    admin.post(f"/tasks/{whole}/attachments", files=file).raise_for_status()
    pictures = "![](снимок.png) [![](снимок.png)](/tasks) ![x](http://elsewhere.invalid/x.png)"
    told = admin.post(f"/tasks/api/task/{whole}/comments", json={"comment": f"{TEXT} {pictures}", "private": True})
    entry = told.raise_for_status().json()["comment"]["id"]
    steps.come_in(page, "admin")
    for name, address in {
        "a task with sub-tasks": f"/tasks/{whole}",
        "a task with a parent and relations": f"/tasks/{whole + 1}",
        "a form for all of a task": f"/tasks/{whole}/edit",
        "a comment being mended": f"/tasks/{whole}/comments/{entry}",
        "a question before deleting": f"/tasks/{whole}/delete",
        "a comment by itself": f"/tasks/{whole}/texts/{entry}",
        "whom one can mention": f"/tasks/{whole}/mentions?private=1",
        "nobody to mention": f"/tasks/{whole}/mentions?q=zzz",
    }.items():
        page.goto(address)
        look(name)
    page.goto(f"/tasks/{whole}/edit")
    boris.put(f"/tasks/api/task/{whole}", json={"subject": f"{TEXT}!", "done_ratio": 50}).raise_for_status()
    page.get_by_label("Тема").fill("Моя тема")
    page.get_by_label("Готовность, %").fill("500")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator("form.edit-task").get_by_role("alert")).to_be_visible()
    look("a form in conflict")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_label("Готовность, %")).to_have_attribute("aria-invalid", "true")
    look("a form refused")
    page.get_by_label("Описание").fill("Пишу **жирно**")
    page.get_by_role("button", name="Предпросмотр").click()
    expect(page.locator(".preview strong")).to_have_text("жирно")
    look("a text as it will look")


def test_rows_being_edited(page: Page, look: Look, announced: Announced, as_program: AsProgram) -> None:
    announced.add(409)
    steps.come_to(page, "anna", "/tasks/my-tasks?sort=id&status_id=2")
    number = steps.listed_ids(page)[0]
    page.get_by_role("link", name="Изменить").first.click()
    expect(page.locator(".editing")).to_be_visible()
    look("a row's form")
    _change_meanwhile(as_program("boris"), number)
    page.locator(".editing").get_by_label("Статус").select_option(label="Приостановлена")
    page.locator(".editing").get_by_role("button").click()
    expect(page.locator(".editing").get_by_role("alert")).to_be_visible()
    look("a row in conflict")
    page.locator(".editing").get_by_role("link", name="Отмена").click()
    expect(page.locator(".editing")).to_have_count(0)
    look("a row at rest again")


def test_refused_forms_as_pages(
    page: Page, look: Look, announced: Announced, anna: httpx.Client, as_program: AsProgram
) -> None:
    announced.update({401, 403, 409, 422})
    task = steps.some_task(anna, status="В работе")
    steps.come_to(page, "anna", task["id"])
    _send_as_without_scripts(steps.comment_form(page))
    expect(steps.comment_box(page)).to_have_attribute("aria-invalid", "true")
    look("an empty comment")

    _change_meanwhile(as_program("boris"), task["id"])
    steps.control(page, "status").evaluate("(it) => { it.selectedIndex = 1 }")
    _send_as_without_scripts(page.locator("form[id^=fields-]"))
    expect(page.locator(".task-facts").get_by_role("alert")).to_be_visible()
    look("a conflict")

    action = f"{page.url.removesuffix('/fields')}/comments"
    page.goto("about:blank")
    page.set_content(f'<form method="post" action="{action}"><textarea name="comment">{TEXT}</textarea></form>')
    _send_as_without_scripts(page.locator("form"))
    expect(page.get_by_role("heading", name="Нет прав")).to_be_visible()
    look("a form on another site's page")

    steps.open_task(page, task["id"])
    anna.post("/users/logout", json={"everywhere": True}).raise_for_status()
    steps.comment_box(page).fill(TEXT)
    _send_as_without_scripts(steps.comment_form(page))
    expect(page.get_by_label("Ваш текст.")).to_have_value(TEXT)
    look("a session that ended")


def test_fragments(page: Page, look: Look, announced: Announced, anna: httpx.Client, as_program: AsProgram) -> None:
    announced.update({404, 409, 422})
    task = steps.some_task(anna, status="В работе")
    steps.come_to(page, "anna", task["id"])
    steps.add_comment(page, TEXT, private=True)
    expect(steps.toast(page, "Комментарий добавлен.")).to_be_visible()
    look("a comment added")
    steps.change(page, "priority", "Срочный")
    expect(steps.entries(page).last).to_contain_text("Срочный")
    look("a change made")
    steps.press_comment(page)
    expect(steps.comment_box(page)).to_have_attribute("aria-invalid", "true")
    look("an empty comment")
    _change_meanwhile(as_program("boris"), task["id"])
    steps.change(page, "status", "Приостановлена")
    refused = page.locator(".task-facts").get_by_role("alert")
    expect(refused).to_be_visible()
    look("a conflict")
    steps.answer_and(page, TEXT, "Приостановлена")
    expect(steps.comment_form(page).get_by_role("alert")).to_be_visible()
    look("an answer in conflict")
    page.route("**/comments", lambda it: it.continue_(url=it.request.url.replace(f"/{task['id']}/", "/2000000000/")))
    steps.press_comment(page)
    expect(steps.toast(page, "Здесь ничего нет")).to_be_visible()
    look("a task that vanished")


def test_pages_in_english_and_in_chosen_colours(page: Page, look: Look, anna: httpx.Client) -> None:
    task = steps.some_task(anna)
    for colours in ("dark", "light"):
        page.request.post("/preferences", form={"locale": "en", "theme": colours})
        steps.come_to(page, "anna", "/tasks/my-tasks")
        look(f"the list, {colours}")
        page.goto("/tasks/statistics")
        look(f"statistics, {colours}")
        page.goto(f"/tasks/{task['id']}")
        expect(page.get_by_role("button", name="Answer", exact=True)).to_be_visible()
        look(f"a task, {colours}")


def _send_as_without_scripts(form: Locator) -> None:
    """`submit()` tells no listener and checks nothing: the browser loads the answer as a page."""
    form.evaluate("(it) => it.submit()")


def _change_meanwhile(colleague: httpx.Client, task: int) -> None:
    steps.tell(colleague, task, "Смотрю.")
    steps.change_elsewhere(colleague, task, "status", "Решена")
