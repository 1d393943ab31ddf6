"""Beginning the day: the start page of each role, and the hints that help a newcomer."""

import re

import httpx
from playwright.sync_api import Browser, Locator, Page, expect

from e2e import steps


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=re.compile(f"^{name}"))


def test_anna_begins_with_what_waits_for_her(page: Page, anna: httpx.Client) -> None:
    """Each number leads to a list of so many tasks, and work begins at the first of them."""
    page.goto("/")
    steps.sign_in(page, "anna")
    for name in ("Ждёт меня", "Просрочено", "Новые без исполнителя"):
        number = section(page, name).locator("h2 b").inner_text()
        first = section(page, name).locator("li a").first.inner_text()
        section(page, name).get_by_role("heading").get_by_role("link").click()
        expect(page.locator(".list-line")).to_contain_text(re.compile(rf"\b{number} задач"))
        expect(steps.subjects(page).first).to_have_text(first)
        page.get_by_role("link", name="TEZ Navigator").click()
    section(page, "Ждёт меня").locator("li a").first.click()
    expect(steps.comment_form(page)).to_be_visible()


def test_irina_asks_for_help_and_sees_what_becomes_of_it(page: Page, anna: httpx.Client) -> None:
    page.goto("/")
    steps.sign_in(page, "irina")
    page.get_by_role("link", name="Попросить о помощи").click()
    page.get_by_label("Офис и хозяйство").check()
    page.get_by_label("В двух словах").fill("Пропал звук в переговорной")
    page.get_by_label("Что случилось и где?").fill("На третьем этаже.")
    page.get_by_role("button", name="Отправить заявку").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Пропал звук")
    number = int(re.findall(r"/requests/(\d+)", page.url)[0])
    page.goto("/")
    row = section(page, "Мои заявки").get_by_role("listitem").filter(has_text="Пропал звук")
    expect(row).to_contain_text("ещё никто не взял")
    steps.change_elsewhere(anna, number, "assignee", "Анна Светлова")
    page.reload()
    expect(row).to_contain_text("Анна Светлова")
    expect(page.get_by_text("Что сломано")).to_have_count(0)


def test_an_administrator_sees_what_is_broken(page: Page) -> None:
    page.goto("/")
    steps.sign_in(page, "admin")
    expect(section(page, "Что сломано")).to_contain_text("Ничего: хранилище, система задач и уведомления работают.")
    expect(section(page, "Новые без исполнителя")).to_be_visible()


def test_stranger_is_offered_nothing_that_is_refused(page: Page) -> None:
    page.goto("/")
    steps.sign_in(page, "stranger")
    expect(page.get_by_text("Заявки здесь пока создать нельзя.")).to_be_visible()
    expect(page.get_by_role("link", name="Попросить о помощи")).to_have_count(0)


def hint(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Подсказка")


def test_a_hint_is_closed_for_good_and_the_menu_brings_it_back(page: Page, javascript: bool) -> None:
    steps.come_to(page, "anna", "/tasks?priority_id=4")
    hint(page).get_by_role("button", name="Больше не показывать").click()
    expect(hint(page)).to_have_count(0)
    if javascript:
        expect(page.get_by_text("Подсказка закрыта.")).to_be_focused()
    page.goto("/tasks?priority_id=4")
    expect(hint(page)).to_have_count(0)
    page.goto("/users/menu")
    page.get_by_role("button", name="Вернуть подсказки").click()
    page.goto("/tasks?priority_id=4")
    expect(hint(page)).to_be_visible()


def test_a_hint_is_for_who_can_do_what_it_says(page: Page, javascript: bool) -> None:
    """Cards are dragged by scripts, and keys need a keyboard."""
    steps.come_in(page, "anna")
    for address in ("/tasks/board", "/"):
        page.goto(address)
        expect(hint(page)).to_have_count(1 if javascript else 0)


def test_a_finger_is_told_nothing_of_keys_and_of_its_own_way_to_move_a_card(own_browser: Browser, site: str) -> None:
    with own_browser.new_context(base_url=site, locale="ru-RU", has_touch=True, is_mobile=True) as context:
        page = context.new_page()
        steps.come_to(page, "anna", "/")
        expect(page.get_by_role("heading", name="Мой день")).to_be_visible()
        expect(hint(page)).to_have_count(0)
        page.goto("/tasks/board")
        expect(hint(page)).to_contain_text("задержите на ней палец")


def test_a_splash_fades_from_a_page_that_can_be_used_and_is_not_for_who_wants_less_motion(
    page: Page, javascript: bool
) -> None:
    page.goto("/")
    steps.sign_in(page, "anna")
    splash = page.locator(".splash")
    expect(splash).to_have_css("pointer-events", "none")
    expect(splash).to_have_attribute("aria-hidden", "true")
    expect(splash).to_have_css("visibility", "hidden")
    page.emulate_media(media="print")
    expect(splash).to_have_css("display", "none")
    page.emulate_media(media="screen", reduced_motion="reduce")
    expect(splash).to_have_css("display", "none")
    page.emulate_media(media="screen", reduced_motion="no-preference")


def test_the_start_page_is_walked_by_keys_and_its_task_leads_back_to_its_list(page: Page, javascript: bool) -> None:
    steps.come_to(page, "anna", "/")
    tasks = section(page, "Ждёт меня").locator("li a")
    if javascript:
        for key, at in (("j", 0), ("j", 1), ("k", 0)):
            page.keyboard.press(key)
            expect(tasks.nth(at)).to_be_focused()
        page.keyboard.press("r")
        expect(page.locator("textarea[id^=comments-]")).to_be_focused()
    else:
        tasks.first.click()
    expect(page.get_by_role("navigation", name="Путь по списку")).to_contain_text("1 из ")
