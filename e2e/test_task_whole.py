"""One task whole: its details changed, comments mended, watched, looked at before sending, printed."""

import re

from playwright.sync_api import Locator, Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.watching import Announced

WHOLE, PART = 301, 302


def edit_form(page: Page) -> Locator:
    return page.locator("form.edit-task")


def open_form(page: Page, number: int) -> None:
    steps.open_task(page, number)
    page.locator(".task-actions").get_by_role("link", name="Изменить").click()
    expect(edit_form(page)).to_be_visible()


def save(its: Locator) -> None:
    its.get_by_role("button", name="Сохранить").click()


def test_a_task_is_changed_on_its_form_and_shows_it(page: Page, as_program: AsProgram) -> None:
    steps.come_in(page, "anna")
    open_form(page, PART)
    page.get_by_label("Тема").fill("Проверить розетки и свет")
    page.get_by_label("Кабинет").fill("311")
    page.get_by_label("Согласовано").select_option(label="да")
    page.get_by_label("Срок").fill("2030-12-01")
    page.get_by_label("Комментарий").fill("Свет тоже")
    save(edit_form(page))
    expect(page.get_by_role("heading", level=1)).to_have_text("Проверить розетки и свет")
    last = steps.entries(page).last
    for words in ("Свет тоже", "Кабинет: 311", "Согласовано: да", "→ 01.12.2030"):
        expect(last).to_contain_text(words)
    expect(page.locator(".task-facts")).to_contain_text("Кабинет311")
    task = as_program("anna").get(f"/tasks/api/task/{PART}").json()
    assert task["due_date"] == "2030-12-01" and task["custom_fields"][0]["value"] == "311"


def test_enter_saves(page: Page) -> None:
    steps.come_in(page, "anna")
    open_form(page, PART)
    page.get_by_label("Тема").fill("Проверить розетки и свет")
    page.get_by_label("Тема").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Проверить розетки и свет")


def test_two_who_change_the_same_task_lose_nothing(page: Page, as_program: AsProgram, announced: Announced) -> None:
    announced.add(409)
    steps.come_in(page, "anna")
    open_form(page, PART)
    page.get_by_label("Тема").fill("Моя тема")
    page.get_by_label("Описание").fill("Моё описание")
    theirs = {"subject": "Его тема", "estimated_hours": 3}
    as_program("boris").put(f"/tasks/api/task/{PART}", json=theirs).raise_for_status()
    save(edit_form(page))
    expect(edit_form(page).get_by_role("alert")).to_contain_text("Борис Громов")
    expect(page.get_by_text("Сейчас: Его тема")).to_be_visible()
    expect(page.get_by_label("Описание")).to_have_value("Моё описание")
    expect(page.get_by_label("Оценка, ч")).to_have_value("3")
    save(edit_form(page))
    expect(page.get_by_role("heading", level=1)).to_have_text("Моя тема")
    expect(page.locator(".task-facts")).to_contain_text("Оценка3 ч")


def test_the_typed_form_is_offered_after_a_refusal(page: Page, announced: Announced) -> None:
    announced.add(422)
    steps.come_in(page, "anna")
    open_form(page, PART)
    page.get_by_label("Описание").fill("Долго набирала")
    page.get_by_label("Родительская задача").fill("999999")
    save(edit_form(page))
    expect(page.get_by_label("Родительская задача")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Описание")).to_have_value("Долго набирала")
    open_form(page, PART)
    expect(page.get_by_label("Описание")).to_have_value("Долго набирала")
    page.get_by_role("button", name="Удалить черновик").click()
    expect(page.get_by_label("Описание")).to_have_value("")


def test_a_comment_is_edited_left_and_deleted(page: Page, as_program: AsProgram, javascript: bool) -> None:
    client = as_program("anna")
    steps.come_to(page, "anna", PART)
    steps.add_comment(page, "Опечтака", private=True)
    its = steps.entries(page).last
    expect(its).to_contain_text("Опечтака")
    if javascript:
        steps.mark(page)
        its.get_by_role("link", name="Изменить").click()
        page.get_by_role("link", name="Оставить как было").click()
        expect(its).to_contain_text("Опечтака")
    its.get_by_role("link", name="Изменить").click()
    form = page.locator("form.task-mend")
    form.get_by_label("Комментарий").fill("Опечатка")
    save(form)
    expect(its).to_contain_text("Опечатка")
    expect(its).to_contain_text("внутренний комментарий")
    its.get_by_role("link", name="Изменить").click()
    page.locator("form.task-mend").get_by_role("button", name="Удалить").click()
    expect(page.get_by_text("Опечатка")).to_have_count(0)
    expect(steps.entries(page)).to_have_count(1)
    assert len(steps.history(client, PART)) == 1
    assert not javascript or steps.is_marked(page)


def test_a_task_is_watched_by_one_press(page: Page, javascript: bool) -> None:
    steps.come_to(page, "anna", WHOLE)
    for press, after, told in (("Следить", "Не следить", "Следят1: Анна Светлова"), ("Не следить", "Следить", "")):
        page.get_by_role("button", name=press, exact=True).click()
        button = page.get_by_role("button", name=after, exact=True)
        expect(button).to_be_visible()
        if javascript:
            expect(button).to_be_focused()
        facts = page.locator(".task-facts")
        expect(facts).to_contain_text(told) if told else expect(facts).not_to_contain_text("Следят")


def test_a_comment_is_looked_at_before_it_is_sent(page: Page, as_program: AsProgram) -> None:
    steps.come_to(page, "anna", PART)
    steps.comment_box(page).fill("Пишу **жирно** о #301")
    steps.compose_tools(page).get_by_role("button", name="Предпросмотр").click()
    expect(page.locator(".preview strong")).to_have_text("жирно")
    expect(page.locator(".preview").get_by_role("link", name="#301")).to_be_visible()
    expect(steps.comment_box(page)).to_have_value("Пишу **жирно** о #301")
    assert len(steps.history(as_program("anna"), PART)) == 1
    steps.press_comment(page)
    expect(steps.entries(page).last.locator("strong").last).to_have_text("жирно")


def test_the_address_of_a_task_is_copied(page: Page, javascript: bool) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    steps.come_to(page, "anna", WHOLE)
    button = page.locator("[data-copy]")
    if not javascript:
        expect(button).to_be_hidden()
        expect(page.get_by_role("link", name=f"#{WHOLE}", exact=True)).to_be_visible()
        return
    button.click()
    expect(button).to_have_text("Скопировано")
    assert re.fullmatch(rf"http://[\d.:]+/tasks/{WHOLE}", page.evaluate("() => navigator.clipboard.readText()"))


def test_on_paper_there_is_the_task_and_nothing_to_press(page: Page) -> None:
    steps.come_to(page, "anna", f"/tasks/{WHOLE}")
    page.emulate_media(media="print")
    for shown in (".task-facts", ".task-links", "#main h1"):
        expect(page.locator(shown)).to_be_visible()
    assert page.get_by_role("button").count() == page.get_by_role("textbox").count() == 0
    page.emulate_media(media="screen")
