"""The way of a request as the employee goes it who asks: asked, answered, asked back, solved and graded."""

import re

import pytest
from playwright.sync_api import FilePayload, Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.watching import Announced

SUBJECT = "Не открывается папка проекта «Север»"
SCREEN: FilePayload = {"name": "ошибка.txt", "mimeType": "text/plain", "buffer": "отказано в доступе".encode()}
SECRET, QUESTION, ANSWER = "Опять их сисадмин.", "Какой номер у компьютера?", "Номер 4-57, у окна."


def ask(page: Page) -> int:
    """Ask for help by the button of the start page; the number of the request."""
    page.get_by_role("main").get_by_role("link", name="Попросить о помощи").click()
    page.get_by_label("В двух словах").fill(SUBJECT)
    page.get_by_label("Служба поддержки").check()
    page.get_by_label("Что случилось и где?").fill("Пишет, что *нет прав*.")
    page.get_by_label("Файлы").set_input_files([SCREEN])
    page.get_by_role("button", name="Отправить заявку").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(SUBJECT)
    return int(re.findall(r"/requests/(\d+)", page.url)[0])


def answer(page: Page, text: str) -> None:
    form = page.locator("form.compose")
    form.get_by_role("textbox").fill(text)
    form.get_by_role("button", name="Ответить", exact=True).click()
    expect(steps.entries(page).last).to_contain_text(text)


def test_a_request_goes_its_whole_way(page: Page, as_program: AsProgram, javascript: bool) -> None:
    anna = as_program("anna")
    steps.come_to(page, "irina", "/")
    number = ask(page)
    expect(steps.toast(page, "Заявка отправлена.")).to_be_visible()
    expect(page.get_by_role("link", name="ошибка.txt")).to_be_visible()

    anna.post(f"/tasks/api/task/{number}/comments", json={"comment": SECRET, "private": True}).raise_for_status()
    steps.tell(anna, number, QUESTION)
    for status in ("В работе", "Запрошено уточнение"):
        steps.change_elsewhere(anna, number, "status", status)
    if javascript:
        page.locator(".happened").get_by_role("link", name="Показать").click()
    else:
        page.reload()
    expect(page.get_by_text(QUESTION)).to_be_visible()
    expect(page.locator(".request-state")).to_contain_text("Вас о чём-то спрашивают")
    expect(page.get_by_text(SECRET)).to_have_count(0)
    page.goto("/requests?phase=waiting")
    page.locator("td.list-subject").get_by_role("link", name=SUBJECT).click()
    expect(page.locator("form.compose")).to_contain_text("снова пойдёт в работу")
    answer(page, ANSWER)
    expect(page.locator(".request-state")).to_contain_text("В работе")
    assert ANSWER in steps.notes(anna, number)

    steps.change_elsewhere(anna, number, "status", "Решена")
    page.goto(f"/requests/{number}")
    page.get_by_label("5 · отлично").check()
    page.get_by_label("Несколько слов, если хотите").fill("Быстро!")
    page.get_by_role("button", name="Решено, спасибо").click()
    expect(page.locator(".request-solve")).to_contain_text("Ваша оценка: 5, отлично.")
    expect(page.locator(".request-solve")).to_contain_text("Быстро!")
    expect(page.locator(".request-state")).to_contain_text("Закрыта")
    expect(page.get_by_text(SECRET)).to_have_count(0)


@pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
def test_similar_requests_come_while_the_subject_is_typed(page: Page, as_program: AsProgram) -> None:
    own = next(it for it in as_program("irina").get("/requests").json()["requests"] if it["phase"] != "done")
    steps.come_to(page, "irina", "/requests/new")
    page.get_by_label("В двух словах").press_sequentially(own["subject"])
    expect(page.locator(".request-similar").get_by_role("link", name=own["subject"]).first).to_be_visible()
    expect(page.get_by_label("В двух словах")).to_be_focused()


@pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
def test_a_request_is_not_lost_when_the_session_ends_while_its_subject_is_typed(
    page: Page, as_program: AsProgram, announced: Announced
) -> None:
    announced.add(401)
    steps.come_to(page, "irina", "/requests/new")
    page.get_by_label("Что случилось и где?").fill(ANSWER)
    steps.end_all_sessions(as_program("irina"))
    page.get_by_label("В двух словах").press_sequentially(SUBJECT)
    expect(page.get_by_label("Пароль")).to_be_visible()
    steps.sign_in(page, "irina")
    expect(page.get_by_role("heading", level=1)).to_have_text("Чем помочь?")
    page.goto("/requests/new")
    expect(page.get_by_label("Что случилось и где?")).to_have_value(ANSWER)


@pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
def test_what_is_typed_into_an_answer_stays_when_news_are_shown(page: Page, as_program: AsProgram) -> None:
    anna = as_program("anna")
    own = next(it for it in as_program("irina").get("/requests?phase=active").json()["requests"])
    steps.come_to(page, "irina", f"/requests/{own['id']}")
    expect(page.locator("#fresh")).to_have_text("на связи")
    box = page.locator("form.compose").get_by_role("textbox")
    box.press_sequentially("Недописанное")
    steps.tell(anna, own["id"], QUESTION)
    page.locator(".happened").get_by_role("link", name="Показать").click()
    expect(steps.entries(page).last).to_contain_text(QUESTION)
    expect(box).to_have_value("Недописанное")
