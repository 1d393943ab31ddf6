"""A second factor from its set-up to its end, with scripts and without."""

from playwright.sync_api import Page, expect

from e2e import steps
from e2e.watching import Announced


def test_a_second_factor_is_set_up_asked_for_and_switched_off(page: Page, announced: Announced) -> None:
    announced.add(401)
    steps.come_to(page, "boris", "/views")
    steps.open_own_menu(page)
    page.get_by_role("link", name="Второй фактор").click()
    secret = steps.begin_second_factor(page)
    codes = steps.confirm_second_factor(page, secret)
    page.get_by_role("link", name="Коды сохранены").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Мой день")

    page.context.clear_cookies()
    page.goto("/users/login?next=/views")
    steps.sign_in(page, "boris")
    code = page.get_by_label("Код из приложения-аутентификатора или резервный код")
    code.fill("123456")
    page.get_by_role("button", name="Войти").click()
    expect(page.get_by_role("alert")).to_have_text("Код неверный или уже использован.")
    code.fill(codes[0].upper().replace("-", " "))
    page.get_by_role("button", name="Войти").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Сохранённые списки")

    page.goto("/users/second-factor")
    expect(page.get_by_text("У вас осталось 9 резервных кодов.")).to_be_visible()
    page.locator("#password-off").fill("demo")
    page.locator("#code-off").fill(codes[1])
    page.get_by_role("button", name="Отключить второй фактор").click()
    expect(page.get_by_text("Второй фактор отключён.")).to_be_visible()
    page.context.clear_cookies()
    page.goto("/users/login?next=/views")
    steps.sign_in(page, "boris")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Сохранённые списки")
