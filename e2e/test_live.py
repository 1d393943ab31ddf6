"""Pages that hear of what others do: several tabs, several browsers, a line and a server that come and go."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from e2e import boards, steps
from e2e.conftest import PATIENCE_MS, AsProgram
from e2e.watching import Announced, collect, unexpected
from tests.running import Helpdesk, running_demo

TABS = 8
LONG_MS = 40_000  # a browser tries again ever more seldom
TONES_OF_A_CHIME = 2
COUNTING = """
const { createOscillator } = AudioContext.prototype
AudioContext.prototype.createOscillator = function () { sounded(); return createOscillator.call(this) }
"""
STREAM = "/notifications/stream"

pytestmark = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


class Streams:
    """The streams that the pages of a browser have open."""

    def __init__(self, context: BrowserContext) -> None:
        self._open: set[Any] = set()
        context.on("request", self._begins)
        for ends in ("requestfinished", "requestfailed"):
            context.on(ends, lambda request: self._open.discard(request))

    def _begins(self, request: Any) -> None:
        if STREAM in request.url:
            self._open.add(request)

    @property
    def open(self) -> list[Any]:
        """A page that is closed takes its streams with it, and says nothing of them."""
        return [request for request in self._open if not request.frame.page.is_closed()]


@contextmanager
def another_browser(browser: Browser, site: str, login: str, announced: Announced) -> Iterator[Page]:
    context = browser.new_context(base_url=site, locale="ru-RU")
    context.set_default_timeout(PATIENCE_MS)
    complaints = collect(context)
    page = context.new_page()
    steps.come_in(page, login)
    yield page
    context.close()
    assert unexpected(complaints, announced) == []


def is_live(page: Page) -> None:
    expect(page.locator("#fresh")).to_have_text("на связи")


def unread(page: Page, number: str) -> None:
    """In the top bar and in the bar of phones."""
    expect(page.locator("[data-unread]")).to_have_text([number] * 2)


def test_eight_tabs_have_one_connection_and_make_one_sound(page: Page, as_program: AsProgram) -> None:
    boris, task = as_program("boris"), steps.some_task(as_program("anna"))
    tones: list[str] = []
    page.context.expose_binding("sounded", lambda source: tones.append(source["page"].url))
    page.context.add_init_script(COUNTING)
    streams = Streams(page.context)
    steps.come_in(page, "anna")
    tabs = [*(page.context.new_page() for _ in range(TABS - 1)), page]
    for tab in tabs:
        tab.goto("/tasks/my-tasks")
        tab.locator("h1").click()  # a browser makes no sound of a page that nobody has touched
    for tab in tabs:
        is_live(tab)
    assert len(streams.open) == 1
    steps.tell(boris, task["id"], "Проверил, завтра приеду.")
    for tab in tabs:
        unread(tab, "1")
        expect(tab).to_have_title("(1) Мои задачи · TEZ Navigator")
    steps.until(page, lambda: len(tones) >= TONES_OF_A_CHIME)

    (leading,) = streams.open
    leading.frame.page.close()
    tabs = [tab for tab in tabs if not tab.is_closed()]
    steps.until(tabs[0], lambda: len(streams.open) == 1)
    steps.tell(boris, task["id"], "Уже выехал.")
    for tab in tabs:
        unread(tab, "2")
    steps.until(tabs[0], lambda: len(tones) >= 2 * TONES_OF_A_CHIME)
    assert (len(streams.open), len(tones)) == (1, 2 * TONES_OF_A_CHIME)


def test_a_task_that_is_changed_says_so_and_leaves_what_is_typed(page: Page, as_program: AsProgram) -> None:
    boris, task = as_program("boris"), steps.some_task(as_program("anna"), status="В работе")
    steps.come_to(page, "anna", task["id"])
    is_live(page)
    steps.comment_box(page).fill("Я ещё пишу")
    steps.tell(boris, task["id"], "Заменил кабель.")
    said = page.locator(".happened")
    expect(said).to_contain_text("Борис Громов: изменения в этой задаче")
    expect(steps.comment_box(page)).to_be_focused()
    said.get_by_role("link", name="Показать").click()
    expect(steps.entries(page).last).to_contain_text("Заменил кабель.")
    expect(said).to_have_count(0)
    expect(steps.comment_box(page)).to_have_value("Я ещё пишу")
    steps.change(page, "status", "Решена")  # what nobody typed in was brought up to date
    expect(steps.fact(page, "status")).to_have_text("Решена")
    steps.press_comment(page)
    expect(steps.entries(page).last).to_contain_text("Я ещё пишу")
    expect(said).to_have_count(0)


def test_ones_own_write_shows_what_others_wrote_and_takes_its_notice_away(page: Page, as_program: AsProgram) -> None:
    boris, task = as_program("boris"), steps.some_task(as_program("anna"), status="В работе")
    steps.come_to(page, "anna", task["id"])
    is_live(page)
    steps.tell(boris, task["id"], "Заменил кабель.")
    expect(page.locator(".happened")).to_contain_text("Борис Громов: изменения в этой задаче")
    steps.change(page, "status", "Решена")
    expect(steps.entries(page).filter(has_text="Заменил кабель.")).to_have_count(1)
    expect(page.locator(".happened")).to_have_count(0)


def test_news_that_ones_own_answer_has_brought_is_not_sent_again(page: Page, as_program: AsProgram) -> None:
    boris, task = as_program("boris"), steps.some_task(as_program("anna"), status="В работе")
    steps.come_to(page, "anna", task["id"])
    is_live(page)
    late: list[tuple[Any, Any]] = []
    page.route("**/changed?*", lambda route: route.continue_() if late else late.append((route, route.fetch())))
    steps.tell(boris, task["id"], "Заменил кабель.")
    steps.until(page, lambda: bool(late))
    steps.add_comment(page, "Спасибо.")
    expect(steps.entries(page).last).to_contain_text("Спасибо.")
    ((route, answer),) = late
    with page.expect_response(lambda response: "/changed?" in response.url and response.status == 204):
        route.fulfill(response=answer)
    expect(page.locator(".happened")).to_have_count(0)


def test_a_row_of_a_list_becomes_what_others_made_it(page: Page, as_program: AsProgram) -> None:
    boris, task = as_program("boris"), steps.some_task(as_program("anna"), status="Новая")
    steps.come_to(page, "anna", "/tasks/my-tasks")
    is_live(page)
    row = page.locator("tr").filter(has=page.get_by_text(str(task["id"]), exact=True))
    expect(row.locator("td.list-status")).to_have_text("Новая")
    page.get_by_role("searchbox").first.focus()
    steps.change_elsewhere(boris, task["id"], "status", "В работе")
    expect(row.locator("td.list-status")).to_have_text("В работе")
    expect(page.get_by_role("searchbox").first).to_be_focused()


def test_a_notification_read_in_one_browser_is_read_in_the_other(
    page: Page, browser: Browser, site: str, as_program: AsProgram, announced: Announced
) -> None:
    boris, task = as_program("boris"), steps.some_task(as_program("anna"))
    steps.come_to(page, "anna", "/tasks/my-tasks")
    with another_browser(browser, site, "anna", announced) as phone:
        phone.goto("/tasks/my-tasks")
        is_live(page)
        is_live(phone)
        steps.tell(boris, task["id"], "Посмотрите, пожалуйста.")
        unread(page, "1")
        unread(phone, "1")
        for each in (page, phone):
            expect(each.locator("#widget")).to_have_count(0)
            each.get_by_role("link", name="Уведомления").first.click()
        phone.locator("#widget").get_by_role("button", name="Отметить прочитанным").click()
        unread(page, "")
        unread(phone, "")
        expect(page.locator("#widget .unread")).to_have_count(0)


def test_the_widget_is_read_undone_minimised_and_told_what_ails_it(page: Page, as_program: AsProgram) -> None:
    boris, tasks = as_program("boris"), steps.tasks(as_program("anna"))["tasks"][:2]
    steps.come_to(page, "anna", "/tasks/my-tasks")
    is_live(page)
    widget, link = page.locator("#widget"), page.get_by_role("link", name="Уведомления").first
    for task in (*tasks, tasks[0]):
        steps.tell(boris, task["id"], f"О задаче {task['id']}.")
    unread(page, "3")
    link.click()
    expect(widget.locator("section")).to_have_count(2)
    expect(widget.locator("section").first).to_contain_text(f"#{tasks[0]['id']}")
    widget.get_by_role("button", name="Отметить все прочитанными").click()
    unread(page, "")
    back = widget.get_by_role("button", name="Вернуть непрочитанными")
    back.click()
    expect(back).to_have_count(0)
    unread(page, "3")
    widget.get_by_text("Всё ли приходит?").click()
    expect(widget.locator("[data-says=stream]")).to_contain_text("на связи с")
    expect(widget.locator("[data-says=sound]")).to_have_text("браузер его разрешает")
    widget.get_by_role("button", name="Свернуть").click()
    expect(widget).to_have_count(0)
    expect(link).to_be_focused()
    steps.tell(boris, tasks[1]["id"], "Тихо.")
    unread(page, "4")
    expect(widget).to_have_count(0)
    link.press("Enter")
    expect(widget).to_contain_text("Тихо.")
    widget.get_by_role("link", name=f"#{tasks[1]['id']}").click()
    expect(page.locator(f"#task-{tasks[1]['id']}")).to_be_visible()
    unread(page, "2")


def test_the_widget_takes_the_focus_when_its_styles_are_late(page: Page) -> None:
    late: list[Route] = []
    page.route("**/notifications-*.css", lambda route: late.append(route))  # playwright wants a function
    steps.come_to(page, "anna", "/tasks/my-tasks")
    page.locator(".bell").click()
    expect(page.locator("#widget")).to_be_attached()
    steps.until(page, lambda: bool(late))
    late.pop().continue_()
    expect(page.locator("#widget h2")).to_be_focused()


def test_a_page_that_was_offline_catches_up(page: Page, as_program: AsProgram) -> None:
    boris, task = as_program("boris"), steps.some_task(as_program("anna"))
    steps.come_to(page, "anna", "/tasks/my-tasks")
    is_live(page)
    page.context.set_offline(True)
    expect(page.locator("#fresh")).to_have_text("восстанавливаем связь…", timeout=LONG_MS)
    steps.tell(boris, task["id"], "Пока вас не было.")
    page.context.set_offline(False)
    expect(page.locator(".bell [data-unread]")).to_have_text("1", timeout=LONG_MS)
    is_live(page)
    page.locator(".bell").click()
    expect(page.locator("#widget li")).to_have_count(1)


def test_without_locks_each_tab_listens_by_itself(page: Page, as_program: AsProgram) -> None:
    boris, task = as_program("boris"), steps.some_task(as_program("anna"))
    page.context.add_init_script("Object.defineProperty(navigator, 'locks', { value: undefined })")
    streams = Streams(page.context)
    steps.come_in(page, "anna")
    tabs = [page, page.context.new_page()]
    for tab in tabs:
        tab.goto("/tasks/my-tasks")
        is_live(tab)
    assert len(streams.open) == len(tabs)
    steps.tell(boris, task["id"], "И без замков слышно.")
    for tab in tabs:
        unread(tab, "1")


def test_a_stream_that_is_refused_is_asked_for_again_and_meanwhile_the_count(
    page: Page, as_program: AsProgram, announced: Announced
) -> None:
    announced.add(503)
    boris, task = as_program("boris"), steps.some_task(as_program("anna"))
    page.context.route(f"**{STREAM}*", lambda route: route.fulfill(status=503))
    steps.come_to(page, "anna", "/tasks/my-tasks")
    steps.tell(boris, task["id"], "Поток закрыт.")
    expect(page.locator(".bell [data-unread]")).to_have_text("1", timeout=LONG_MS)
    page.get_by_role("link", name="Уведомления").first.click()
    page.get_by_text("Всё ли приходит?").click()
    expect(page.locator("[data-says=stream]")).to_contain_text("спрашиваем раз за разом")
    page.context.unroute(f"**{STREAM}*")
    expect(page.locator("#fresh")).to_have_text("на связи", timeout=LONG_MS)


def test_a_page_of_another_system_in_place_of_the_count_does_not_end_the_stream(
    page: Page, announced: Announced
) -> None:
    announced.add(503)
    page.context.route(f"**{STREAM}*", lambda route: route.fulfill(status=503))
    page.context.route("**/tasks/api/notifications?limit=1", lambda route: route.fulfill(body="<h1>Wi-Fi</h1>"))
    steps.come_to(page, "anna", "/tasks/my-tasks")
    with page.expect_response("**/tasks/api/notifications?limit=1", timeout=LONG_MS):
        pass
    page.context.unroute(f"**{STREAM}*")
    expect(page.locator("#fresh")).to_have_text("на связи", timeout=LONG_MS)


def test_a_board_gets_events_of_any_task_whatever_other_tabs_show_and_lists_after_it_is_closed(
    page: Page, as_program: AsProgram
) -> None:
    boris, task = as_program("boris"), steps.some_task(as_program("anna"), status="Новая")
    streams = Streams(page.context)
    steps.come_to(page, "anna", "/tasks/board?assigned_to_id=any")
    is_live(page)
    assert "0" in asked_for(streams)
    lists = [page.context.new_page() for _ in range(3)]
    for number, tab in enumerate(lists, 1):
        tab.goto(f"/tasks?closed=1&per_page=100&page={number}")
        is_live(tab)
    lists[0].goto("/tasks/my-tasks")
    is_live(lists[0])
    assert "0" in asked_for(streams)
    steps.change_elsewhere(boris, task["id"], "status", "В работе")
    boards.stands_in(page, task["id"], 2)
    row = lists[0].locator("tr").filter(has=lists[0].get_by_text(str(task["id"]), exact=True))
    expect(row.locator("td.list-status")).to_have_text("В работе")
    page.goto("about:blank")
    for tab in lists[1:]:
        tab.close()
    steps.until(lists[0], lambda: str(task["id"]) in asked_for(streams) and len(asked_for(streams)) <= 25)
    lists[0].goto("about:blank")


def asked_for(streams: Streams) -> list[str]:
    """The tasks that the one open stream was asked for; none while there is not exactly one."""
    found = [request.url.partition("tasks=")[2].partition("&")[0].split(",") for request in streams.open]
    return found[0] if len(found) == 1 else ["0"]


def test_a_deleted_task_leaves_the_board_and_says_so_in_a_list_and_on_its_page(
    page: Page, as_program: AsProgram, announced: Announced
) -> None:
    announced.add(404)
    task = steps.some_task(as_program("anna"), status="Новая")["id"]
    steps.come_in(page, "anna")
    board, listed = page.context.new_page(), page.context.new_page()
    board.goto("/tasks/board")
    listed.goto("/tasks/my-tasks")
    steps.open_task(page, task)
    steps.comment_box(page).fill("Я ещё пишу")
    for tab in (board, listed, page):
        is_live(tab)
    there = boards.total(board, 1)
    as_program("admin").delete(f"/tasks/api/task/{task}").raise_for_status()
    expect(page.locator(".happened")).to_contain_text("Эта задача удалена", timeout=LONG_MS)
    expect(steps.comment_box(page)).to_have_value("Я ещё пишу")
    expect(listed.locator("tr.list-gone")).to_contain_text("Эта задача удалена", timeout=LONG_MS)
    expect(listed.locator(f"[name=task_id][value='{task}']")).to_have_count(0)
    expect(boards.card(board, task)).to_have_count(0, timeout=LONG_MS)
    assert boards.total(board, 1) == there - 1


def test_pages_that_were_cut_off_show_what_happened_meanwhile(
    page: Page, as_program: AsProgram, announced: Announced
) -> None:
    boris, anna = as_program("boris"), as_program("anna")
    one, other = steps.tasks(anna, status="Новая")["tasks"][:2]
    steps.come_in(page, "anna")
    board, listed = page.context.new_page(), page.context.new_page()
    board.goto("/tasks/board")
    listed.goto("/tasks/my-tasks")
    steps.open_task(page, one["id"])
    for tab in (board, listed, page):
        is_live(tab)
    page.context.set_offline(True)
    expect(page.locator("#fresh")).to_have_text("восстанавливаем связь…", timeout=LONG_MS)
    for task in (one, other):
        steps.change_elsewhere(boris, task["id"], "status", "В работе")
    steps.wait_for_unread(anna, 2)
    # A stream tells of the last seconds when it opens; this one says nothing, as if all that had been long ago.
    says = {"content_type": "text/event-stream", "body": "event: unread\ndata: 2\n\n"}
    page.context.route(f"**{STREAM}*", lambda route: route.fulfill(**says))
    page.context.set_offline(False)
    expect(page.locator(".happened")).to_contain_text("Борис Громов", timeout=LONG_MS)
    for task in (one, other):
        boards.stands_in(board, task["id"], 2)
        row = listed.locator("tr").filter(has=listed.get_by_text(str(task["id"]), exact=True))
        expect(row.locator("td.list-status")).to_have_text("В работе")


class TestAServerOfItsOwn:
    """A process of its own, for it is killed."""

    @pytest.fixture
    def demo(self, tmp_path: Path, seeded: Path) -> Iterator[Helpdesk]:
        with running_demo(tmp_path, seeded) as helpdesk:
            yield helpdesk

    def test_streams_reconnect_after_a_server_was_killed(
        self, page: Page, demo: Helpdesk, seeded: Path, announced: Announced
    ) -> None:
        announced.update({"net::ERR_CONNECTION_REFUSED", "net::ERR_INCOMPLETE_CHUNKED_ENCODING"})
        steps.come_to(page, "anna", "/tasks/my-tasks")
        is_live(page)
        failures: list[str | None] = []
        page.on("requestfailed", lambda request: failures.append(request.failure))
        demo.process.kill()
        demo.process.wait()
        expect(page.locator("#fresh")).to_have_text("восстанавливаем связь…")
        steps.until(page, lambda: "net::ERR_CONNECTION_REFUSED" in failures)
        with running_demo(demo.folder, seeded, int(demo.url.rpartition(":")[2])) as again:
            with closing(steps.program(again.url, "anna")) as anna, closing(steps.program(again.url, "boris")) as boris:
                steps.tell(boris, steps.some_task(anna)["id"], "Мы снова здесь.")
            expect(page.locator(".bell [data-unread]")).to_have_text("1", timeout=LONG_MS)
            is_live(page)
            page.goto("about:blank")
