"""Pictures in texts: pasted, referred to, shown; and long texts read to the end."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.looking import PHONE
from e2e.test_files import CARRYING, listed, with_javascript
from tests.tasks.test_pictures import picture

REFERENCE = re.compile(r"^до !\[\]\(clipboard-\d{8}-\d{4}-[0-9a-z]{4}\.png\) после$")
PASTE = "(it, clipboardData) => it.dispatchEvent(new ClipboardEvent('paste', {clipboardData, bubbles: true}))"


def paste_between(page: Page, text: Locator, name: str = "image.png") -> None:
    """A picture from the clipboard, pasted between two words that were typed."""
    text.fill("до  после")
    text.evaluate("(it) => it.setSelectionRange(3, 3)")
    text.evaluate(PASTE, page.evaluate_handle(CARRYING, [name, "image/png", list(picture((64, 48)))]))


def shown(place: Locator) -> Locator:
    return place.locator(".text img")


def assert_drawn(image: Locator) -> None:
    expect(image).to_be_visible()
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("(it) => it.naturalWidth") > 0


@with_javascript
def test_a_picture_pasted_into_a_comment_is_referred_to_and_shown(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"))
    steps.come_to(page, "anna", task["id"])
    box = steps.comment_box(page)
    paste_between(page, box)
    expect(box).to_have_value(REFERENCE)
    steps.press_comment(page)
    expect(listed(page)).to_have_count(1)
    last = steps.entries(page).last
    assert_drawn(shown(last))
    assert shown(last).evaluate("(it) => [it.offsetWidth, it.offsetHeight]") == [192, 144]
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    page.reload()
    last.scroll_into_view_if_needed()
    assert_drawn(shown(last))
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]


@with_javascript
def test_a_pasted_reference_can_be_undone_and_two_pictures_have_two_names(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"))
    steps.come_to(page, "anna", task["id"])
    box = steps.comment_box(page)
    paste_between(page, box, "мой снимок (1).png")
    expect(box).to_have_value(re.compile(r"^до !\[\]\(мой_снимок_1_-[0-9a-z]{4}\.png\) после$"))
    page.keyboard.press("Control+z")
    expect(box).to_have_value("до  после")
    for _ in range(2):
        paste_between(page, box)
        expect(box).to_have_value(REFERENCE)
    steps.press_comment(page)
    expect(listed(page)).to_have_count(3)
    assert len(set(listed(page).all_inner_texts())) == 3


@with_javascript
def test_a_picture_pasted_into_a_new_task_is_shown_in_it(page: Page) -> None:
    steps.come_to(page, "anna", "/tasks/new?project_id=1")
    page.get_by_label("Тема").fill("Снимок экрана")
    description = page.get_by_label("Описание")
    paste_between(page, description)
    expect(description).to_have_value(REFERENCE)
    page.wait_for_function("() => document.querySelector('[type=file]').files.length === 1")
    expect(description).to_be_focused()
    page.get_by_role("button", name="Создать задачу").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Снимок экрана")
    assert_drawn(shown(page.locator(".task-story")).first)


@with_javascript
def test_a_picture_pasted_into_the_edit_form_is_shown_in_the_task(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"))
    steps.come_to(page, "anna", f"/tasks/{task['id']}/edit")
    description = page.get_by_label("Описание")
    paste_between(page, description)
    expect(description).to_have_value(REFERENCE)
    page.get_by_role("button", name="Сохранить", exact=True).last.click()
    expect(page.locator(f"#task-{task['id']}")).to_be_visible()
    assert_drawn(shown(page.locator(".task-story")).first)


def test_pictures_from_elsewhere_are_told_and_not_loaded(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"))
    text = "![план](http://elsewhere.invalid/x.png) ![](нет.png)"
    as_program("anna").post(f"/tasks/{task['id']}/comments", json={"comment": text}).raise_for_status()
    steps.come_to(page, "anna", task["id"])
    expect(steps.entries(page).last).to_contain_text("план (http://elsewhere.invalid/x.png) нет.png")
    expect(shown(page)).to_have_count(0)


@pytest.mark.parametrize("count", [2_000])
def test_a_long_comment_is_read_to_its_end(page: Page, as_program: AsProgram, javascript: bool, count: int) -> None:
    task = steps.some_task(as_program("anna"))
    text = "".join(f"Абзац {n} из многих.\n\n" for n in range(count))
    as_program("anna").post(f"/tasks/{task['id']}/comments", json={"comment": text}).raise_for_status()
    steps.come_to(page, "anna", task["id"])
    steps.mark(page)
    last = page.get_by_text(f"Абзац {count - 1} из многих.")
    expect(last).to_have_count(0)
    page.get_by_role("link", name="Показать весь текст").click()
    expect(last).to_be_attached()
    expect(page.get_by_text(re.compile("^Абзац"))).to_have_count(count)
    assert not javascript or steps.is_marked(page)
