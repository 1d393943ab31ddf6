"""The way of an announcement: written, looked at before, published, read and understood; and two writers at once."""

import re

import pytest
from playwright.sync_api import FilePayload, Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.looking import Look
from e2e.watching import Announced
from tests.tasks.test_pictures import picture

TITLE, TEXT = "Переезд склада", "Склад переезжает в **корпус 4**.\n\n- с понедельника\n- вход со двора"
PLAN: FilePayload = {"name": "план.png", "mimeType": "image/png", "buffer": picture((800, 400))}
NOTE: FilePayload = {"name": "памятка.txt", "mimeType": "text/plain", "buffer": "вход со двора".encode()}


def write(page: Page, title: str = TITLE, text: str = TEXT) -> None:
    """Fill in the form of a new announcement."""
    page.goto("/posts")
    page.get_by_role("link", name="Написать объявление").click()
    page.get_by_label("Заголовок", exact=True).fill(title)
    page.get_by_label("Текст", exact=True).fill(text)


def number(page: Page) -> int:
    """The number of the post on the screen."""
    page.wait_for_url(re.compile(r"/posts/\d+$"))
    return int(page.url.rpartition("/")[2])


def test_an_announcement_is_written_published_and_understood(
    page: Page, as_program: AsProgram, announced: Announced, javascript: bool
) -> None:
    announced.add(422)
    title = f"{TITLE} {javascript}"
    steps.come_in(page, "anna")
    write(page, title)
    page.get_by_role("button", name="Предпросмотр").click()
    expect(page.locator("#post-form-preview strong")).to_have_text("корпус 4")
    page.get_by_label("Выбрать картинку").set_input_files([PLAN])
    page.get_by_label("Файлы").set_input_files([NOTE])
    page.get_by_label("Важное: читатели подтверждают").check()
    page.get_by_role("button", name="Опубликовать").click()
    expect(page.locator(".fault").filter(has_text="Скажите словами, что на картинке").last).to_be_visible()
    expect(page.get_by_label("картинка, которую вы уже прислали")).to_be_checked()
    page.get_by_label("Что на ней, словами").fill("План двора")
    page.get_by_role("button", name="Опубликовать").click()
    post = number(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.get_by_role("img", name="План двора")).to_be_visible()
    expect(page.get_by_role("link", name="памятка.txt")).to_be_visible()

    steps.come_to(page, "irina", "/posts")
    entry = page.locator(".post-list li").filter(has_text=title)
    expect(entry).to_contain_text("не прочитано")
    expect(entry).to_contain_text("важное")
    entry.get_by_role("link", name=title).click()
    expect(page.get_by_role("link", name="Правка")).to_have_count(0)
    page.get_by_role("button", name="Ознакомлен", exact=True).click()
    expect(page.locator("#understood")).to_contain_text("Вы ознакомились")
    page.goto("/posts")
    expect(entry).not_to_contain_text("не прочитано")

    readers = as_program("anna").get(f"/posts/{post}/readers", params={"state": "understood"}).json()
    assert [it["user"]["username"] for it in readers["readers"]] == ["irina"]
    steps.come_to(page, "anna", f"/posts/{post}/readers")
    expect(page.get_by_role("row").filter(has_text="Ирина Полякова")).to_contain_text("Ознакомлены")


def test_only_those_whom_it_is_for_read_an_announcement(page: Page) -> None:
    steps.come_in(page, "anna")
    write(page, "Только бухгалтерии")
    page.get_by_label("только те, кто работает").check()
    page.get_by_label("Бухгалтерия").check()
    page.get_by_role("button", name="Опубликовать").click()
    post = number(page)
    expect(page.locator(".post-foot")).to_contain_text("Для кого: Бухгалтерия")
    steps.come_to(page, "irina", f"/posts/{post}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Только бухгалтерии")
    steps.come_to(page, "stranger", "/posts")
    expect(page.get_by_role("link", name="Только бухгалтерии")).to_have_count(0)
    assert page.request.get(f"/posts/{post}").status == 404


def test_two_writers_see_each_others_text(page: Page, as_program: AsProgram, announced: Announced) -> None:
    announced.add(409)
    added = as_program("anna").post("/posts", json={"title": "Режим работы", "content": "С 9 до 18."}).json()["post"]
    steps.come_to(page, "anna", f"/posts/{added['id']}/edit")
    page.get_by_label("Текст", exact=True).fill("С 10 до 19.")
    theirs = {"title": "Режим работы летом", "content": "С 8 до 17.", "version": 1}
    as_program("admin").post(f"/posts/{added['id']}/edit", json=theirs).raise_for_status()
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(page.get_by_label("Чужой текст")).to_have_value("С 8 до 17.")
    expect(page.get_by_label("Текст", exact=True)).to_have_value("С 10 до 19.")
    expect(page.get_by_label("Заголовок", exact=True)).to_have_value("Режим работы летом")
    page.get_by_role("button", name="Сохранить", exact=True).click()
    number(page)
    expect(page.locator(".post-text")).to_have_text("С 10 до 19.")
    page.get_by_role("link", name="Версии").click()
    expect(page.locator(".post-lines del")).to_contain_text("С 8 до 17.")
    expect(page.locator(".post-lines ins")).to_contain_text("С 10 до 19.")


@pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
def test_what_is_typed_is_there_again(page: Page) -> None:
    steps.come_in(page, "anna")
    write(page, "Недописанное")
    with page.expect_response(lambda answer: "/drafts/posts:new" in answer.url):
        page.get_by_label("Текст", exact=True).press_sequentially(" И ещё.")
    page.goto("/posts/new")
    expect(page.get_by_label("Заголовок", exact=True)).to_have_value("Недописанное")
    expect(page.get_by_label("Текст", exact=True)).to_have_value(re.compile("И ещё"))
    page.get_by_role("button", name="Удалить черновик").click()
    expect(page.get_by_label("Заголовок", exact=True)).to_have_value("")


@pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
def test_pages_of_announcements(page: Page, look: Look, announced: Announced, as_program: AsProgram) -> None:
    announced.update({409, 422})
    anna = as_program("anna")
    data = {"title": TITLE, "content": TEXT, "important": "1", "picture_alt": "План двора", "audience": "all"}
    files = [("picture", ("план.png", PLAN["buffer"])), ("files", ("памятка.txt", NOTE["buffer"]))]
    post = anna.post("/posts", data=data, files=files).json()["post"]["id"]
    changed = {"title": TITLE, "content": f"{TEXT}\n\nСлово " + "длинноеслово" * 12, "version": 1, "ask_again": True}
    steps.come_to(page, "irina", "/posts")
    look("the list")
    page.goto("/posts?q=ничего-подобного")
    look("nothing found")
    page.goto(f"/posts/{post}")
    look("an important post")
    page.get_by_role("button", name="Ознакомлен", exact=True).click()
    expect(page.locator("#understood")).to_contain_text("Вы ознакомились")
    look("understood")
    anna.post(f"/posts/{post}/edit", json=changed).raise_for_status()
    page.goto(f"/posts/{post}")
    look("changed since it was understood")
    steps.come_to(page, "anna", "/posts")
    look("the list of who writes")
    for name, address in {
        "a new one": "/posts/new",
        "a post of who writes": f"/posts/{post}",
        "its form": f"/posts/{post}/edit",
        "its versions": f"/posts/{post}/history",
        "its readers": f"/posts/{post}/readers",
        "nobody of them": f"/posts/{post}/readers?state=understood",
        "its deletion": f"/posts/{post}/delete",
    }.items():
        page.goto(address)
        look(name)
    page.goto("/posts/new")
    page.get_by_label("только те, кто работает").check()
    page.get_by_label("Заголовок", exact=True).fill("x")
    page.get_by_label("Текст", exact=True).fill("# Работы\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    page.get_by_role("button", name="Предпросмотр").click()
    expect(page.locator("#post-form-preview table")).to_be_visible()
    page.get_by_role("button", name="Опубликовать").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look("refused, with a preview")
    page.goto(f"/posts/{post}/edit")
    anna.post(f"/posts/{post}/edit", json={**changed, "version": 2, "content": "Другой"}).raise_for_status()
    page.get_by_label("Текст", exact=True).fill("Мой")
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(page.get_by_label("Чужой текст")).to_be_visible()
    look("a conflict")
