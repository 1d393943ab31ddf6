"""Files: chosen, dropped, pasted; told how far they are; kept when the line is lost."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, JSHandle, Locator, Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.watching import Announced
from tests.tasks.test_pictures import picture

PLAN: FilePayload = {"name": "План «А» этажа.txt", "mimeType": "text/plain", "buffer": "кабинеты".encode()}
PHOTO: FilePayload = {"name": "фото.bin", "mimeType": "application/octet-stream", "buffer": b"0" * 300_000}
TOO_MUCH = 17 * 1024 * 1024
CARRYING = """([name, type, content]) => {
  const carried = new DataTransfer();
  carried.items.add(new File([new Uint8Array(content)], name, {type}));
  return carried;
}"""

HTMX_SAYS = "htmx: htmx:error: Failed to send TypeError: Failed to send"

with_javascript = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


@pytest.fixture
def task(page: Page, as_program: AsProgram) -> dict[str, Any]:
    """A task that is open on anna's screen."""
    found = steps.some_task(as_program("anna"))
    steps.come_to(page, "anna", found["id"])
    return found


def choose(page: Page, *files: FilePayload) -> None:
    steps.comment_form(page).locator("input[type=file]").set_input_files(list(files))


def listed(page: Page) -> Locator:
    return page.locator(".task-history .task-files li")


def carrying(page: Page, name: str, kind: str, content: bytes = b"1") -> JSHandle:
    return page.evaluate_handle(CARRYING, [name, kind, list(content)])


def test_several_files_are_added_with_a_comment_and_can_be_fetched(page: Page, task: dict[str, Any]) -> None:
    choose(page, PLAN, PHOTO)
    steps.comment_box(page).fill("Вот план.")
    steps.press_comment(page)
    expect(listed(page)).to_have_count(2)
    expect(listed(page).first).to_contain_text("План «А» этажа.txt")
    expect(steps.entries(page).last).to_contain_text("Вот план.")
    with page.expect_download() as fetched:
        listed(page).first.get_by_role("link").click()
    assert fetched.value.suggested_filename == "План «А» этажа.txt"
    assert fetched.value.path().read_bytes() == PLAN["buffer"]


def test_a_file_that_is_too_large_is_reported_in_the_form(
    page: Page, task: dict[str, Any], announced: Announced, tmp_path: Path
) -> None:
    announced.add(413)
    archive = tmp_path / "архив.bin"
    archive.write_bytes(b"0" * TOO_MUCH)
    steps.comment_box(page).fill("Вот архив.")
    steps.comment_form(page).locator("input[type=file]").set_input_files(archive)
    steps.press_comment(page)
    expect(steps.comment_form(page)).to_contain_text("Файлы слишком большие: не больше 16 МБ вместе.")
    expect(steps.comment_box(page)).to_have_value("Вот архив.")
    expect(listed(page)).to_have_count(0)


def test_files_of_a_refused_form_stay(page: Page, task: dict[str, Any], announced: Announced) -> None:
    announced.add(422)
    choose(page, PLAN, PHOTO)
    steps.comment_box(page).fill("я" * 66_000)
    steps.press_comment(page)
    expect(steps.comment_form(page).get_by_role("checkbox")).to_have_count(2)
    steps.comment_form(page).get_by_label("фото.bin").uncheck()
    steps.comment_box(page).fill("короче")
    steps.press_comment(page)
    expect(listed(page)).to_have_count(1)
    expect(listed(page)).to_contain_text("План «А» этажа.txt")


def test_a_picture_is_shown_small_and_leads_to_a_larger_one(page: Page, task: dict[str, Any]) -> None:
    choose(page, {"name": "снимок.png", "mimeType": "image/png", "buffer": picture((640, 480))})
    steps.press_comment(page)
    shown = listed(page).get_by_role("img", name="Картинка: снимок.png")
    expect(shown).to_be_visible()
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("(it) => [it.naturalWidth, it.offsetWidth, it.offsetHeight]") == [192, 96, 72]
    shown.click()
    expect(page).to_have_url(re.compile(r"/tasks/\d+/files/\d+/view"))
    steps.open_task(page, task["id"])


@with_javascript
def test_files_dropped_anywhere_go_with_the_answer(page: Page, task: dict[str, Any]) -> None:
    steps.comment_box(page).fill("пишу дальше")
    form = steps.comment_form(page)
    for name in ("чертёж.txt", "схема.txt"):
        held = {"dataTransfer": carrying(page, name, "text/plain")}
        page.locator("h1").dispatch_event("dragover", held)
        expect(form).to_contain_class("over")
        page.locator("h1").dispatch_event("drop", held)
        expect(form).not_to_contain_class("over")
    expect(form.get_by_role("status")).to_contain_text("чертёж.txt, схема.txt")
    expect(steps.comment_box(page)).to_have_value("пишу дальше")
    form.get_by_role("button", name="✕").click()
    expect(form.get_by_role("status")).to_have_text("")
    page.locator("h1").dispatch_event("drop", {"dataTransfer": carrying(page, "план.txt", "text/plain")})
    steps.press_comment(page)
    expect(listed(page)).to_have_count(1)
    expect(steps.entries(page).last).to_contain_text("план.txt")
    expect(steps.entries(page).last).to_contain_text("пишу дальше")


@with_javascript
def test_a_picture_pasted_into_an_answer_goes_with_it(page: Page, task: dict[str, Any]) -> None:
    steps.comment_box(page).fill("на снимке видно")
    paste = "(it, clipboardData) => it.dispatchEvent(new ClipboardEvent('paste', {clipboardData, bubbles: true}))"
    steps.comment_box(page).evaluate(paste, carrying(page, "image.png", "image/png", picture((4, 3))))
    expect(steps.comment_box(page)).to_have_value(re.compile(r"на снимке видно!\[\]\(clipboard-20.*\.png\)"))
    steps.press_comment(page)
    expect(steps.entries(page).last.get_by_role("img").first).to_be_visible()
    expect(listed(page)).to_contain_text("clipboard-20")


@with_javascript
def test_sending_can_be_stopped_and_the_files_stay_chosen(page: Page, task: dict[str, Any]) -> None:
    page.route("**/comments", lambda route: None, times=1)  # the first one is never answered
    choose(page, PHOTO)
    steps.press_comment(page)
    expect(steps.comment_form(page).get_by_role("progressbar")).to_be_visible()
    steps.comment_form(page).get_by_role("button", name="Отмена").click()
    expect(steps.comment_form(page).get_by_role("progressbar")).to_be_hidden()
    expect(steps.comment_form(page).locator("input[type=file]")).to_be_focused()
    steps.press_comment(page)
    expect(listed(page)).to_have_count(1)


@with_javascript
def test_a_lost_connection_is_reported_and_the_files_stay_chosen(
    page: Page, task: dict[str, Any], announced: Announced
) -> None:
    announced.update({"net::ERR_CONNECTION_RESET", HTMX_SAYS})
    page.route("**/comments", lambda route: route.abort("connectionreset"))
    choose(page, PLAN)
    steps.press_comment(page)
    expect(steps.toast(page, "Связь пропала. Возможно, ничего не сохранено. Набранное осталось здесь")).to_be_visible()
    page.unroute("**/comments")
    steps.press_comment(page)
    expect(listed(page)).to_have_count(1)


@with_javascript
def test_a_draft_of_a_comment_on_files_does_not_send_the_files(page: Page, task: dict[str, Any]) -> None:
    choose(page, PHOTO)
    with page.expect_request("**/drafts/**") as kept:
        steps.comment_box(page).fill("Вот фото.")
    body = kept.value.post_data_buffer
    assert body and len(body) < 2_000


def test_a_session_that_ended_keeps_the_comment(
    page: Page, task: dict[str, Any], as_program: AsProgram, announced: Announced
) -> None:
    announced.add(401)
    as_program("anna").post("/users/logout", json={"everywhere": True}).raise_for_status()
    choose(page, PLAN)
    steps.comment_box(page).fill("Вот план.")
    steps.press_comment(page)
    expect(page.get_by_label("Ваш текст.")).to_have_value("Вот план.")
