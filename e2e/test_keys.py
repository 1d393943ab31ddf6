"""Single keys, the palette that Ctrl+K opens, and the help that ? opens."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.watching import Announced

pytestmark = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)

TEN, MOST_KEYS = 10, 40


class Keys:
    """A keyboard that counts what is pressed on it."""

    def __init__(self, page: Page) -> None:
        self.page, self.pressed = page, 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1


def press_on_russian_layout(page: Page, key: str, code: str) -> None:
    """As the browser reports it: Playwright has keyboards with Latin letters alone."""
    event = f"new KeyboardEvent('keydown', {{ key: '{key}', code: '{code}', bubbles: true, cancelable: true }})"
    page.evaluate(f"document.activeElement.dispatchEvent({event})")


@pytest.mark.parametrize(
    "address", ["/tasks/my-tasks", "/tasks/board", "/tasks/new", "/notifications", "/replies", "/tasks/statistics"]
)
def test_help_is_on_every_page_and_gives_the_focus_back(page: Page, address: str) -> None:
    steps.come_to(page, "anna", address)
    link = page.get_by_role("link", name="Все задачи")
    link.focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Клавиатура")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_text("взять карточку, положить", exact=True)).to_be_visible()
    page.keyboard.press("c")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(link).to_be_focused()
    page.keyboard.press("?")
    expect(dialog).to_be_visible()
    expect(page).to_have_url(re.compile(f"{address}$"))


def test_one_goes_anywhere_by_two_keys(page: Page) -> None:
    steps.come_to(page, "anna", "/replies")
    places = {"a": "/tasks", "b": "/tasks/board", "n": "/notifications", "h": "/", "m": "/tasks/my-tasks"}
    for letter, path in places.items():
        for key in ("g", letter):
            page.keyboard.press(key)
        page.wait_for_url(f"**{path}")  # and for its scripts
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile("/tasks/new$"))


def test_a_list_is_walked_and_a_task_opened_answered_and_assigned(page: Page) -> None:
    steps.come_to(page, "anna", "/tasks/my-tasks")
    names = steps.subjects(page).all_inner_texts()
    for key, at in (("j", 0), ("j", 1), ("j", 2), ("k", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(steps.subjects(page).nth(at)).to_be_focused()
    page.keyboard.press("o")
    expect(page.get_by_role("heading", level=1)).to_contain_text(names[0])
    page.keyboard.press("a")
    expect(page.locator(".task-facts [name=assignee_id]")).to_be_focused()
    page.locator(".task-head a").first.focus()
    page.keyboard.press("r")
    expect(page.locator("textarea[id^=comments-]")).to_be_focused()
    page.keyboard.type("c?/ggm")
    expect(page.locator("textarea[id^=comments-]")).to_have_value("c?/ggm")
    page.locator(".task-head a").first.focus()
    page.keyboard.press("e")
    expect(page).to_have_url(re.compile("/edit$"))


def test_a_row_is_edited_by_keys_and_the_walk_goes_on_from_it(page: Page) -> None:
    steps.come_to(page, "anna", "/tasks/my-tasks")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("p")
    expect(page.locator("tr select[name=priority_id]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("main tr").nth(2).locator("a[href*='edit=1']")).to_be_focused()
    page.keyboard.press("j")
    expect(steps.subjects(page).nth(2)).to_be_focused()


def test_search_is_one_key_away_also_on_a_russian_keyboard(page: Page) -> None:
    steps.come_to(page, "anna", "/tasks/my-tasks")
    box = page.get_by_role("banner").get_by_role("searchbox")
    page.keyboard.press("/")
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    page.get_by_role("link", name="Доска").focus()
    press_on_russian_layout(page, ".", "Slash")
    expect(box).to_be_focused()
    page.get_by_role("link", name="Доска").focus()
    press_on_russian_layout(page, "о", "KeyJ")
    expect(steps.subjects(page).first).to_be_focused()
    press_on_russian_layout(page, "с", "KeyC")
    expect(page).to_have_url(re.compile("/tasks/new$"))


def open_palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Задачи, люди, страницы и команды")).to_be_focused()


def test_keys_with_modifiers_are_the_browsers(page: Page) -> None:
    steps.come_to(page, "anna", "/tasks/my-tasks")
    for key in ("Alt+c", "Control+j", "Shift+C", "Meta+j"):
        page.keyboard.press(key)
    page.keyboard.press("j")
    expect(steps.subjects(page).first).to_be_focused()


def test_single_keys_are_switched_off_and_the_palette_stays(page: Page) -> None:
    steps.come_to(page, "anna", "/tasks/my-tasks")
    page.keyboard.press("?")
    page.get_by_role("button", name="Выключить одиночные клавиши").click()
    expect(steps.toast(page, "Ваш выбор сохранён.")).to_be_visible()
    for key in ("j", "?", "/", "c"):
        page.keyboard.press(key)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_have_count(1)
    expect(page.get_by_role("combobox", name="Задачи, люди, страницы и команды")).to_be_focused()
    page.keyboard.type("одиночные")
    expect(page.locator("#palette [role=option]")).to_have_text(["Одиночные клавиши: включить"])
    page.keyboard.press("Enter")
    expect(steps.toast(page, "Ваш выбор сохранён.")).to_be_visible()
    page.keyboard.press("j")
    expect(steps.subjects(page).first).to_be_focused()


def test_the_palette_finds_tasks_pages_and_commands_by_keys(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"))
    steps.come_to(page, "anna", "/tasks/board")
    page.keyboard.press("Control+k")
    options, chosen = page.locator("#palette [role=option]"), page.locator("#palette [aria-selected=true]")
    expect(chosen).to_have_text("Новая задача")
    page.keyboard.press("ArrowDown")
    expect(chosen).to_have_text("Мои задачи")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(chosen).to_have_attribute("id", f"palette-{options.count() - 1}")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    press_on_russian_layout(page, "/", "Slash")
    open_palette(page)
    page.keyboard.type(f"#{task['id']}")
    expect(options).to_contain_text([task["subject"]])
    page.keyboard.press("Enter")
    expect(page.locator(f"#task-{task['id']}")).to_be_visible()
    open_palette(page)
    page.keyboard.type("доска")
    page.keyboard.press("Enter")  # before the answer has come: it waits for it
    expect(page).to_have_url(re.compile("/tasks/board$"))


def test_the_palettes_last_answer_wins(page: Page) -> None:
    """A slow answer to the first words comes after that to the last ones, and is not shown."""
    steps.come_to(page, "anna", "/tasks/my-tasks")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Задачи, люди, страницы и команды")
    expect(box).to_be_focused()
    held = []
    page.route("**/search?q=*", lambda route: held.append(route) if not held else route.continue_())
    box.fill("тёмные")
    steps.until(page, lambda: bool(held))
    box.fill("светлые")
    expect(page.locator("#palette [role=option]")).to_have_text(["Светлые цвета"])
    with page.expect_response(re.compile("search")):
        held[0].continue_()
    page.keyboard.press("End")
    expect(page.locator("#palette [role=option]")).to_have_text(["Светлые цвета"])


def test_a_question_without_an_answer_leaves_nothing_to_open(page: Page, announced: Announced) -> None:
    announced.add("net::ERR_FAILED")
    steps.come_to(page, "anna", "/tasks/my-tasks")
    open_palette(page)
    page.route("**/search?q=*", lambda route: route.abort())
    page.keyboard.type("доска")
    expect(page.locator("#palette-list")).to_have_text("Сейчас ответа нет. Измените слова, чтобы спросить ещё раз.")
    page.keyboard.press("Enter")
    expect(page.locator("#palette [role=option]")).to_have_count(0)
    expect(page.locator("#toasts [data-toast]")).to_have_count(0)
    page.unroute("**/search?q=*")
    page.keyboard.press("Backspace")
    expect(page.locator("#palette [role=option]").first).to_have_text("Доска")
    expect(page).to_have_url(re.compile("/tasks/my-tasks$"))


@pytest.mark.parametrize("typed", [True, False])
def test_the_palette_of_somebody_signed_out_takes_no_text_away(page: Page, announced: Announced, typed: bool) -> None:
    announced.add(401)
    steps.come_to(page, "anna", "/tasks/my-tasks")
    steps.subjects(page).first.click()
    text = page.locator("textarea[id^=comments-]")
    expect(text).to_be_visible()
    if typed:
        text.fill("Наполовину")
    page.locator(".task-head a").first.focus()
    open_palette(page)
    page.context.clear_cookies(name="session")
    page.keyboard.type("доска")
    if typed:
        expect(page.locator("#palette [role=option]")).to_have_count(0)
        page.keyboard.press("Escape")
        expect(text).to_have_value("Наполовину")
    else:
        expect(page.get_by_label("Пароль")).to_be_visible()


def test_keys_that_had_to_wait_long_and_keys_without_a_task_do_nothing(page: Page) -> None:
    steps.come_to(page, "anna", "/tasks/my-tasks")
    page.keyboard.press("o")
    page.evaluate("""() => {
        const late = new KeyboardEvent("keydown", { key: "c", code: "KeyC", bubbles: true })
        Object.defineProperty(late, "timeStamp", { value: performance.now() - 2500 })
        document.body.dispatchEvent(late)
    }""")
    page.keyboard.press("j")
    expect(steps.subjects(page).first).to_be_focused()
    expect(page).to_have_url(re.compile("/tasks/my-tasks$"))


def test_a_slash_typed_with_shift_searches(page: Page) -> None:
    steps.come_to(page, "anna", "/tasks/my-tasks")
    page.evaluate("""() => document.body.dispatchEvent(
        new KeyboardEvent("keydown", { key: "/", code: "Digit7", shiftKey: true, bubbles: true, cancelable: true })
    )""")
    expect(page.get_by_role("banner").get_by_role("searchbox")).to_be_focused()


SWAP = """document.dispatchEvent(new CustomEvent("htmx:after:swap", { detail: { ctx: {} } }))"""


def test_the_form_of_a_row_gets_the_focus_though_another_swap_came_first(page: Page) -> None:
    steps.come_to(page, "anna", "/tasks/my-tasks")
    held: list[Route] = []
    page.route(re.compile("/row.edit=1"), lambda route: held.append(route))
    page.keyboard.press("j")
    page.keyboard.press("p")
    steps.until(page, lambda: bool(held))
    page.evaluate(SWAP)
    held[0].continue_()
    expect(page.locator("tr select[name=priority_id]")).to_be_focused()


def test_ten_tasks_are_triaged_by_keyboard_alone(page: Page, as_program: AsProgram) -> None:
    anna = as_program("anna")
    before = {it["id"] for it in steps.tasks(anna, priority="Срочный", per_page=100)["tasks"]}
    page.set_viewport_size({"width": 1440, "height": 900})
    steps.come_to(page, "anna", "/tasks/my-tasks?priority_id=2")
    keys = Keys(page)
    for _ in range(TEN):
        keys.press("j", "x")
    keys.press("p")
    expect(page.locator("#bulk select[name=priority_id]")).to_be_focused()
    keys.press("End")
    button = page.locator("#bulk").get_by_role("button")
    while not button.evaluate("(it) => it === document.activeElement"):
        keys.press("Tab")
    keys.press("Enter")

    def urgent() -> set[int]:
        return {it["id"] for it in steps.tasks(anna, priority="Срочный", per_page=100)["tasks"]} - before

    steps.until(page, lambda: len(urgent()) == TEN)
    assert keys.pressed <= MOST_KEYS
