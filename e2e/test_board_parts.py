"""What else a board has: a way back, more cards, folded columns, lanes, a task beside it, its keys and limits."""

import re
from functools import partial

import pytest
from playwright.sync_api import Page, Request, Response, Route, expect

from e2e import axe, boards, html, steps
from e2e.boards import Keys, Mouse, Move, Touch
from e2e.conftest import AsProgram
from e2e.watching import Announced
from tests.running import STORE, Helpdesk
from tests.telling import tell_in

BOARD = "/tasks/board"
EVERYBODY = BOARD + "?assigned_to_id=any"
WITH_SCRIPTS = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
NEW, WORKED_ON, ASKED = 1, 2, 3
# Nothing of a task's history stands before what can be changed.
FIRST_IS_STATE = """(panel) => {
    const control = panel.querySelector("[name=status_id], [name=status]");
    const history = panel.querySelector("ol");
    return !!(control.compareDocumentPosition(history) & Node.DOCUMENT_POSITION_FOLLOWING);
}"""


def is_draft(answer: Response) -> bool:
    return answer.request.method == "PUT" and "/drafts/" in answer.url


@WITH_SCRIPTS
def test_a_move_can_be_taken_back(page: Page, move: Move, as_program: AsProgram) -> None:
    steps.come_to(page, "anna", BOARD)
    for _ in range(2):
        with Keys().holding(page, move.task, move.target):
            pass
        boards.stands_in(page, move.task, move.target)
        page.get_by_role("button", name="Вернуть").click()
        boards.stands_in(page, move.task, move.home)
    assert boards.status_of(as_program("anna"), move.task) == move.home
    expect(page.get_by_role("button", name="Вернуть")).to_have_count(1)


@WITH_SCRIPTS
def test_one_drag_without_a_connection_is_reported_once(page: Page, move: Move, announced: Announced) -> None:
    announced.update({"net::ERR_INTERNET_DISCONNECTED", "htmx: htmx:error: Failed to fetch TypeError: Failed to fetch"})
    steps.come_to(page, "anna", BOARD)
    toasts = page.locator("#toasts .toast")
    address = boards.card(page, move.task).locator(".grip").get_attribute("href") or "?"
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if request.url.endswith(address) else None)
    page.context.set_offline(True)
    drag = partial(page.mouse.move, steps=12)
    for drags in (1, 2):
        page.mouse.move(*boards.middle(boards.card(page, move.task)))
        page.mouse.down()
        with page.expect_event("requestfailed", lambda request: request in asked):
            drag(300, 300)
        for x in (600, 900):
            drag(x, 300)
        page.mouse.up()
        expect(toasts).to_have_count(1)
        expect(toasts).to_contain_text("Связь пропала. Возможно, ничего не сохранено.")
        boards.stands_in(page, move.task, move.home)
        assert len(asked) == drags
    page.context.set_offline(False)


@WITH_SCRIPTS
def test_toasts_that_say_the_same_are_one_and_no_more_than_five_are_there(page: Page) -> None:
    steps.come_to(page, "anna", BOARD)
    page.evaluate(
        """() => {
          const add = (kind, says) => document.getElementById("toasts").insertAdjacentHTML("beforeend",
            `<div class="toast ${kind}" data-toast><p>${says}</p><button data-close aria-label="x"></button></div>`)
          for (const says of ["1", "1", "2", "1"]) add("bad", says)
          for (let each = 0; each < 8; each++) add("good", "good " + each)
          add("bad", "3")
        }"""
    )
    toasts = page.locator("#toasts .toast")
    expect(toasts).to_have_text(["2", "1", "good 6", "good 7", "3"])


def test_more_cards_come_when_they_are_wanted(page: Page, javascript: bool, as_program: AsProgram) -> None:
    steps.come_to(page, "admin", EVERYBODY)
    total = boards.total(page, NEW)
    cards, tally = boards.column(page, NEW).locator(".card"), page.locator(f"#count-{NEW}")
    assert total > 25
    expect(cards).to_have_count(25)
    expect(tally).to_have_text(f"Задач: 25 из {total}")
    if javascript:  # what goes away meanwhile leaves no gap
        expect(page.locator("#fresh")).to_have_text("на связи")
        other = as_program("admin")
        first = int((cards.first.get_attribute("id") or "").removeprefix("card-"))
        away = boards.some_move(other, [first])
        other.put(f"/tasks/api/task/{first}/status", json={"status_id": away.target}).raise_for_status()
        boards.stands_in(page, first, away.target)
        total -= 1
        expect(cards).to_have_count(24)
    page.locator("#board").hover()  # away from the navigation, which opens under the pointer
    page.locator(f"#more-{NEW}").click()
    expect(cards).to_have_count(49 if javascript else 50)
    shown = cards.evaluate_all("(cards) => cards.map((card) => card.id)")
    assert len(set(shown)) == len(shown)
    expect(tally).to_have_text(f"Задач: {len(shown)} из {total}")


def test_a_column_stays_folded(page: Page, javascript: bool) -> None:
    steps.come_to(page, "anna", BOARD)
    fold = page.locator(f"#fold-{WORKED_ON}")
    if javascript:
        steps.mark(page)
    fold.click()
    expect(fold).to_have_attribute("aria-expanded", "false")
    expect(boards.column(page, WORKED_ON).locator(".card")).to_have_count(0)
    if javascript:
        expect(fold).to_be_focused()
    page.goto(BOARD)
    expect(boards.column(page, WORKED_ON).locator(".card")).to_have_count(0)
    fold.click()
    expect(boards.column(page, WORKED_ON).locator(".card").first).to_be_visible()


def test_lanes_divide_the_board_and_stay_with_its_filter(
    page: Page, javascript: bool, html_faults: html.Faults
) -> None:
    steps.come_to(page, "anna", BOARD)
    page.get_by_role("link", name="По приоритетам").click()
    lanes = page.locator(".lane h2")
    expect(lanes.first).to_contain_text("Срочный")
    page.get_by_role("link", name="Компактно").click()
    page.locator(".board-filter summary").click()
    if not javascript:
        page.get_by_role("link", name="Показать все фильтры").click()
    page.locator("form.filter [name=assigned_to_id]").select_option(label="любой")
    page.get_by_role("button", name="Показать", exact=True).click()
    expect(page).to_have_url(re.compile("assigned_to_id=any"))
    expect(lanes.last).to_contain_text("Низкий")
    expect(page.locator(".board.compact.lanes")).to_have_count(1)
    page.get_by_role("link", name="По исполнителям").click()
    expect(lanes.last).to_contain_text("никто")
    answer = page.reload()
    assert answer and html_faults(answer.text()) == []


@WITH_SCRIPTS
def test_a_card_in_a_lane_moves_within_it(page: Page, move: Move) -> None:
    steps.come_to(page, "anna", BOARD + "?lanes=project")
    lane = boards.card(page, move.task).locator("xpath=ancestor::section").get_attribute("aria-label")
    with Keys().holding(page, move.task, move.target):
        pass
    expect(steps.toast(page, "Перемещено")).to_be_visible()
    boards.stands_in(page, move.task, move.target)
    assert boards.card(page, move.task).locator("xpath=ancestor::section").get_attribute("aria-label") == lane


@WITH_SCRIPTS
def test_a_card_sends_one_request_at_a_time_and_the_others_stay_usable(page: Page, move: Move) -> None:
    steps.come_to(page, "anna", BOARD)
    sent, held = list[str](), list[Route]()
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.route(f"**/tasks/{move.task}/status", lambda route: held.append(route))
    button = boards.open_tray(page, move.task).locator(f".move button[value='{move.target}']")
    button.click()
    expect(boards.card(page, move.task)).to_have_attribute("aria-busy", "true")
    button.click()
    boards.card(page, move.task).locator(".quick .main").click()
    other = boards.column(page, NEW).locator(".card").first
    other.locator(".grip").click()
    other.locator(".move button").first.click()
    expect(steps.toast(page, "Перемещено")).to_be_visible()
    assert [url.endswith(f"/tasks/{move.task}/status") for url in sent].count(True) == 1 and len(sent) == 2
    held[0].continue_()
    boards.stands_in(page, move.task, move.target)


def test_a_card_is_changed_where_it_is(page: Page, move: Move, as_program: AsProgram) -> None:
    steps.come_to(page, "anna", BOARD)
    tray = boards.open_tray(page, move.task)
    tray.get_by_label("Приоритет").select_option(label="Низкий")
    tray.get_by_label("Комментарий", exact=True).fill("Подождёт до понедельника.")
    tray.get_by_role("button", name="Сохранить").click()
    expect(boards.card(page, move.task).locator(".rank")).to_have_text("Низкий")
    assert "Подождёт до понедельника." in steps.notes(as_program("anna"), move.task)
    expect(page).to_have_url(page.url.split("?")[0])


@WITH_SCRIPTS
def test_a_text_typed_on_a_card_is_there_the_next_time(page: Page, move: Move) -> None:
    steps.come_to(page, "anna", BOARD)
    with page.expect_response(is_draft):
        boards.open_tray(page, move.task).get_by_label("Комментарий", exact=True).fill("Ещё думаю")
    page.goto(BOARD)
    expect(boards.open_tray(page, move.task).locator(".quick textarea")).to_have_value("Ещё думаю")


@WITH_SCRIPTS
def test_a_text_typed_is_there_though_the_card_was_closed_at_once(page: Page, move: Move) -> None:
    steps.come_to(page, "anna", BOARD)
    tray = boards.open_tray(page, move.task)
    tray.get_by_label("Комментарий", exact=True).fill("На карточке")
    with page.expect_response(is_draft) as saved:
        page.keyboard.press("Escape")
    assert saved.value.ok and not tray.count()
    expect(boards.open_tray(page, move.task).locator(".quick textarea")).to_have_value("На карточке")


@WITH_SCRIPTS
@pytest.mark.parametrize("left_by", ["closing", "another task"])
def test_a_text_typed_is_there_though_the_panel_was_left_at_once(page: Page, move: Move, left_by: str) -> None:
    steps.come_to(page, "anna", BOARD)
    panel, subject = page.locator("#panel"), boards.card(page, move.task).locator(".subject")
    others = page.locator(f".card:not(#card-{move.task}) .subject")
    subject.click()
    panel.locator("form.compose textarea").fill("В панели")
    with page.expect_response(is_draft) as saved:
        if left_by == "closing":
            page.keyboard.press("Escape")
        else:
            others.first.dispatch_event("click")
    assert saved.value.ok
    expect(panel.locator(f"#task-{move.task}")).to_have_count(0)
    subject.dispatch_event("click")
    expect(panel.locator(f"#task-{move.task} form.compose textarea")).to_have_value("В панели")


@WITH_SCRIPTS
def test_a_board_opened_with_a_task_stays_when_the_panel_is_closed(page: Page, move: Move) -> None:
    steps.come_to(page, "anna", "/tasks/my-tasks")
    page.goto(f"{BOARD}#task-{move.task}")
    panel, other = page.locator("#panel"), page.locator(f".card:not(#card-{move.task}) .subject").first
    expect(panel.locator("header")).to_contain_text(f"#{move.task}")
    other.dispatch_event("click")
    expect(page).not_to_have_url(re.compile(f"#task-{move.task}$"))
    expect(panel.locator(f"#task-{move.task}")).to_have_count(0)
    panel.get_by_role("button", name="Закрыть").first.click()
    boards.is_alone(page, other)


@WITH_SCRIPTS
def test_a_task_opens_beside_the_board(page: Page, move: Move) -> None:
    steps.come_to(page, "anna", BOARD)
    subject = boards.card(page, move.task).locator(".subject")
    subject.click()
    panel = page.locator("#panel")
    expect(panel.locator("header")).to_contain_text(f"#{move.task}")
    panel.get_by_label("Приоритет").select_option(label="Срочный")
    expect(boards.card(page, move.task).locator(".rank")).to_have_text("Срочный")
    expect(panel).to_be_visible()
    page.keyboard.press("Escape")
    boards.is_alone(page, subject)


@WITH_SCRIPTS
def test_the_address_names_the_task_beside_the_board(page: Page, move: Move) -> None:
    steps.come_to(page, "anna", BOARD)
    panel, subject = page.locator("#panel"), boards.card(page, move.task).locator(".subject")
    other = boards.column(page, NEW).locator(".card .subject").first
    subject.click()
    expect(panel.locator("header")).to_contain_text(f"#{move.task}")
    expect(page).to_have_url(re.compile(rf"{BOARD}#task-{move.task}$"))
    assert panel.evaluate(FIRST_IS_STATE)
    page.go_back()
    boards.is_alone(page, subject)
    page.go_forward()
    expect(panel).to_be_visible()
    page.reload()
    expect(panel.locator("header")).to_contain_text(f"#{move.task}")
    # Another task takes the place of this one: one step back still leads to the board alone.
    other.dispatch_event("click")
    expect(page).not_to_have_url(re.compile(f"#task-{move.task}$"))
    page.go_back()
    boards.is_alone(page, other)


@WITH_SCRIPTS
def test_only_a_column_that_takes_the_card_is_outlined(page: Page, move: Move) -> None:
    steps.come_to(page, "anna", BOARD)
    for status, style in ((move.target, "solid"), (move.forbidden, "none")):
        with Mouse().above(page, move.task, status):
            expect(boards.column(page, status)).to_have_class(re.compile(r"\btarget\b"))
            expect(boards.column(page, status)).to_have_css("outline-style", style)
            page.keyboard.press("Escape")
        boards.stands_in(page, move.task, move.home)


@WITH_SCRIPTS
def test_who_may_move_nothing_sees_no_grips_and_drags_nothing(page: Page) -> None:
    steps.come_to(page, "irina", BOARD)
    card = page.locator(".card").first
    expect(page.locator(".grip")).to_have_count(0)
    page.mouse.move(*boards.middle(card))
    page.mouse.down()
    page.mouse.move(600, 500, steps=5)
    expect(page.locator(".held")).to_have_count(0)
    page.mouse.up()
    card.locator(".subject").focus()
    page.keyboard.press("Space")
    expect(page.locator(".keyed")).to_have_count(0)


def test_only_the_board_scrolls_and_its_heads_stay(page: Page, javascript: bool) -> None:
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        steps.come_to(page, "anna", BOARD)
        board, head = page.locator("#board"), page.locator(".column h2").first
        top = boards.middle(head)
        board.evaluate("(board) => board.scrollTo(0, 400)")
        assert board.evaluate("(board) => board.scrollTop") == 400
        assert boards.middle(head) == top
        assert page.evaluate("document.documentElement.scrollHeight") <= height
        board.evaluate("(board) => board.scrollTo(0, board.scrollHeight)")
        bar = page.get_by_role("navigation", name="Главное").bounding_box()
        last = boards.column(page, NEW).locator(".card").last.bounding_box()
        assert bar and last and (width > 640 or last["y"] + last["height"] <= bar["y"])


@WITH_SCRIPTS
def test_a_finger_that_scrolls_takes_no_card(page: Page, move: Move) -> None:
    steps.come_to(page, "anna", BOARD)
    held = page.locator(".held")
    scrolled = "() => document.getElementById('board').scrollTop + window.scrollY"
    card = boards.card(page, move.task)
    card.scroll_into_view_if_needed()
    before = page.evaluate(scrolled)
    Touch().swipe(page, move.task, 200)
    page.wait_for_function(f"(before) => ({scrolled})() > before + 50", arg=before)
    expect(held).to_have_count(0)
    boards.stands_in(page, move.task, move.home)


@WITH_SCRIPTS
def test_the_whole_board_is_reached_by_keys(page: Page) -> None:
    steps.come_to(page, "anna", BOARD)
    subjects = boards.column(page, NEW).locator(".subject")
    subjects.first.focus()
    page.keyboard.press("ArrowDown")
    expect(subjects.nth(1)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(boards.column(page, WORKED_ON).locator(".subject").nth(1)).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("#spoken")).to_contain_text("Взята карточка")
    boards.knows_where(page)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#spoken")).to_contain_text("Запрошено уточнение")
    page.keyboard.press("Escape")
    expect(page.locator("#spoken")).to_have_text("Возвращено на место.")
    expect(boards.column(page, WORKED_ON).locator(".subject").nth(1)).to_be_focused()


def test_an_administrator_says_what_columns_are(page: Page) -> None:
    steps.come_to(page, "admin", EVERYBODY)
    page.get_by_role("link", name="Столбцы доски").click()
    page.locator(f"[name=phase_{NEW}]").select_option("waiting")
    page.locator(f"[name=limit_{NEW}]").fill("3")
    page.get_by_role("button", name="Сохранить").click()
    page.get_by_role("link", name="К доске").click()
    page.goto(EVERYBODY)  # the administrator has tasks, so the board begins with these
    expect(page.locator(f"#count-{NEW}")).to_contain_text("сверх лимита 3")
    expect(page.locator(f".column.waiting[data-status='{NEW}']")).to_have_count(1)


def test_a_board_fits_a_narrow_screen_and_is_valid(page: Page, html_faults: html.Faults) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    steps.come_in(page, "anna")
    answer = page.goto(BOARD)
    assert answer and html_faults(answer.text()) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    small = page.locator(".card > a, .fold, .more:not([hidden])").evaluate_all(
        "(all) => all.map((it) => it.getBoundingClientRect()).filter((box) => box.width < 24 || box.height < 24).length"
    )
    assert small == 0


@WITH_SCRIPTS
@pytest.mark.parametrize("width", [320, 1280])
def test_a_card_with_news_can_be_read_in_all_colours(page: Page, demo: Helpdesk, move: Move, width: int) -> None:
    tell_in(demo.folder / "data" / STORE, "anna", move.task)
    page.set_viewport_size({"width": width, "height": 640})
    steps.come_in(page, "anna")
    for address in (BOARD, f"{BOARD}?compact=1"):
        page.goto(address)
        expect(boards.card(page, move.task)).to_have_class("card news")
        expect(page.locator(".bell [data-unread]")).to_have_text("1")
        assert axe.faults(page, unseen=True) == []
