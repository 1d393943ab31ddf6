"""The knowledge base: somebody finds an answer before asking, staff link to pages in replies, writers keep the tree."""

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.looking import PHONE, Look
from e2e.watching import Announced

with_javascript = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
without_javascript = pytest.mark.parametrize("javascript", [False], ids=["without JavaScript"], indirect=True)


def test_an_answer_is_found_on_the_way_to_a_request(page: Page, javascript: bool) -> None:
    page.set_viewport_size(PHONE)
    steps.come_to(page, "irina", "/requests/new")
    if javascript:
        page.get_by_label("В двух словах").press_sequentially("не настроена почта на телефоне", delay=5)
        expect(page.get_by_text("Возможно, это поможет:")).to_be_visible()
    else:
        page.get_by_role("link", name="Возможно, ответ есть в базе знаний.").click()
        page.get_by_role("searchbox", name="Слова заголовка или текста").fill("почта exchange")
        page.get_by_role("main").get_by_role("button", name="Найти").click()
        expect(page.get_by_role("status").filter(has_text="1 страница")).to_be_visible()
    page.get_by_role("link", name="Почта на телефоне").click()
    expect(page.get_by_role("heading", name="Почта на телефоне", level=1)).to_be_visible()
    assert page.evaluate("() => document.scrollingElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("button", name="Да, помогла").click()
    expect(page.get_by_role("button", name="Да, помогла", pressed=True)).to_be_visible()
    expect(page.get_by_text("Спасибо! Ваш ответ учтён.").first).to_be_visible()
    page.get_by_role("button", name="Нет, не помогла").click()
    expect(page.get_by_role("button", name="Нет, не помогла", pressed=True)).to_be_visible()
    path = page.get_by_role("navigation", name="Место в базе знаний")
    path.get_by_role("link", name="Почта").click()
    page.get_by_role("main").get_by_role("link", name="не открывайте вложение").click()
    expect(page.get_by_role("heading", name="Подозрительное письмо", level=1)).to_be_visible()
    page.get_by_role("navigation", name="Место в базе знаний").get_by_role("link", name="База знаний").click()
    expect(page.get_by_role("link", name="Подозрительное письмо")).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("link", name="Передача смены дежурного")).to_have_count(0)


@with_javascript
def test_a_page_is_chosen_for_a_reply_by_keys_and_the_reply_links_to_it(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"))
    steps.come_to(page, "anna", task["id"])
    box, offer = steps.comment_box(page), page.get_by_role("listbox", name="Страницы базы знаний")
    box.click()
    box.press_sequentially("Вот инструкция: [[", delay=20)
    expect(offer.get_by_role("option")).to_have_count(8)
    box.press_sequentially("ПОЧТА НА", delay=20)
    expect(offer.get_by_role("option")).to_have_count(1)
    box.press("Enter")
    expect(box).to_have_value("Вот инструкция: [[Почта на телефоне]]")
    expect(offer).to_be_hidden()
    box.press_sequentially(" и @бор", delay=20)
    expect(page.get_by_role("listbox", name="Кого можно упомянуть")).to_be_visible()
    box.press("Escape")
    box.press("Control+Enter")
    linked = steps.entries(page).last.get_by_role("link", name="Почта на телефоне")
    expect(linked).to_be_visible()
    linked.click()
    expect(page.get_by_role("heading", name="Почта на телефоне", level=1)).to_be_visible()


@with_javascript
def test_the_button_begins_a_link_where_the_caret_is(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"))
    steps.come_to(page, "anna", task["id"])
    box = steps.comment_box(page)
    box.fill("Смотрите и проверьте")
    box.evaluate("(box) => box.setSelectionRange(9, 9)")
    steps.compose_tools(page).get_by_role("link", name="Страница базы знаний").click()
    expect(box).to_be_focused()
    expect(page.get_by_role("listbox", name="Страницы базы знаний")).to_be_visible()
    box.press_sequentially("vpn", delay=20)
    page.get_by_role("option", name="VPN").click()
    expect(box).to_have_value("Смотрите [[VPN]]и проверьте")


@without_javascript
def test_a_link_is_typed_without_scripts(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"))
    steps.come_to(page, "anna", task["id"])
    steps.comment_box(page).fill("См. [[VPN|наш VPN]]")
    steps.comment_form(page).get_by_role("button", name="Ответить", exact=True).last.click()
    expect(steps.entries(page).last.get_by_role("link", name="наш VPN")).to_be_visible()


def test_whoever_writes_adds_moves_reviews_and_deletes_a_page(page: Page, javascript: bool) -> None:
    title = f"Календарь {'со скриптами' if javascript else 'без скриптов'}"
    steps.come_to(page, "admin", "/knowledge")
    page.get_by_role("link", name="Новая страница").click()
    page.get_by_role("textbox", name="Заголовок", exact=True).fill(title)
    page.get_by_role("textbox", name="Текст", exact=True).fill("Как в [[Почта|почте]], см. [[Нет такой]].")
    page.get_by_role("button", name="Опубликовать").click()
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    expect(page.get_by_role("link", name="написать эту страницу")).to_be_visible()
    page.get_by_role("link", name="Переместить").click()
    page.get_by_label("Под какой страницей").select_option(label="Почта")
    page.get_by_label("Номер среди страниц там").fill("")
    page.get_by_role("button", name="Переместить").click()
    path = page.get_by_role("navigation", name="Место в базе знаний")
    expect(path.get_by_role("link", name="Почта")).to_be_visible()
    page.get_by_role("button", name="Проверено: всё верно").click()
    expect(page.get_by_text("Последняя проверка:")).to_be_visible()
    page.get_by_role("link", name="Удалить").click()
    page.get_by_role("button", name="Удалить").click()
    expect(page.get_by_role("heading", name="База знаний", level=1)).to_be_visible()
    expect(page.get_by_role("link", name=title)).to_have_count(0)


@with_javascript
def test_every_page_of_the_knowledge_base(page: Page, look: Look, announced: Announced) -> None:
    announced.add(422)
    steps.come_to(page, "admin", "/knowledge")
    page.get_by_text("не проверяли год").click()
    look("the tree of whoever writes")
    pages = {it["title"]: it["id"] for it in page.request.get("/knowledge").json()["pages"]}
    for name, address in {
        "the way to a page": f"/knowledge?at={pages['VPN']}",
        "pages that were found": "/knowledge?q=почта",
        "no page found": "/knowledge?q=ничего-подобного",
        "a page, and what whoever writes can do": f"/posts/{pages['Почта']}",
        "a page that nobody has reviewed": f"/posts/{pages['Сайт не открывается']}",
        "the form of a page": f"/knowledge/new?parent={pages['Почта']}&title=Календарь",
        "a page in its form": f"/posts/{pages['VPN']}/edit",
        "a page on its way": f"/knowledge/{pages['VPN']}/move",
    }.items():
        page.goto(address)
        look(name)
    page.get_by_label("Номер среди страниц там").fill("много")
    page.get_by_role("button", name="Переместить").click()
    expect(page.get_by_text("целое число")).to_be_visible()
    look("a move that was refused")
    steps.come_to(page, "irina", f"/posts/{pages['VPN']}")
    page.get_by_role("button", name="Да, помогла").click()
    expect(page.get_by_text("Спасибо! Ваш ответ учтён.")).to_be_visible()
    look("a page that has helped")
    page.goto("/requests/new")
    page.get_by_label("В двух словах").press_sequentially("почта", delay=5)
    expect(page.get_by_text("Возможно, это поможет:")).to_be_visible()
    look("pages that are suggested")


@with_javascript
def test_pages_that_a_reply_can_link_to(page: Page, look: Look, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"))
    steps.come_to(page, "anna", task["id"])
    steps.comment_box(page).press_sequentially("[[", delay=20)
    expect(page.get_by_role("listbox", name="Страницы базы знаний")).to_be_visible()
    look("the pages that a reply can link to")
