"""An employee keeps a profile with a picture, and a colleague finds it by a few words."""

from playwright.sync_api import FilePayload, Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.looking import Look
from e2e.watching import Announced
from tests.tasks.test_pictures import picture

PICTURE: FilePayload = {"name": "я.png", "mimeType": "image/png", "buffer": picture((300, 200))}
NO_PICTURE: FilePayload = {"name": "я.png", "mimeType": "image/png", "buffer": b"<svg/>"}


def test_a_profile_is_kept_and_found(page: Page, look: Look, as_program: AsProgram, javascript: bool) -> None:
    look = look if javascript else lambda name: None  # it looks by scripts
    steps.come_to(page, "irina", "/users/profile")
    look("own profile")
    expect(page.locator("#signature")).to_contain_text("Ирина")
    page.get_by_role("link", name="Изменить").click()
    look("own account")
    page.get_by_label("Кабинет").fill("305 б")
    page.get_by_label("Телефон").fill("+7 495 123-45-67")
    page.get_by_label("Фотография").set_input_files([PICTURE])
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_text("Профиль сохранён.")).to_be_visible()
    expect(page.locator("main img.disc")).to_be_visible()
    if javascript:  # which alone can tell whether it has come
        assert page.locator("main img.disc").evaluate("it => it.naturalWidth") == 256

    page.goto("/users")
    look("colleagues")
    field = page.get_by_role("main").get_by_role("searchbox")
    field.press_sequentially("305 ИРИНА")
    if not javascript:
        field.press("Enter")
    expect(page.locator("#people li")).to_have_count(1)
    page.get_by_role("link", name="Ирина").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ирина")
    expect(page.get_by_role("link", name="+7 495 123-45-67")).to_have_attribute("href", "tel:+74951234567")
    look("a colleague")
    as_program("irina").post("/users/account", json={"remove_picture": True}).raise_for_status()


def test_what_is_no_picture_is_said_beside_the_field(page: Page, announced: Announced) -> None:
    announced.add(422)
    steps.come_to(page, "irina", "/users/account")
    page.get_by_label("Телефон").fill("77")
    page.get_by_label("Фотография").set_input_files([NO_PICTURE])
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator("#account-picture-fault")).to_contain_text("не картинка")
    expect(page.get_by_label("Телефон")).to_have_value("77")
