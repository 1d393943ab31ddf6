"""Going on holiday with a deputy, handing tasks over, and becoming a number."""

from datetime import date, timedelta

from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram

SOON = date.today() + timedelta(5)


def test_somebody_goes_on_holiday_and_comes_back(page: Page, as_program: AsProgram) -> None:
    anna = as_program("anna")
    task = steps.some_task(anna, status="В работе")["id"]
    steps.come_to(page, "anna", "/users/absence")
    page.get_by_label("Отсутствую по").fill(SOON.isoformat())
    page.get_by_label("Заместитель").fill("boris")
    page.get_by_role("button", name="Сохранить").click()
    expect(steps.toast(page, "Отсутствие отмечено.")).to_be_visible()

    steps.come_to(page, "boris", task)
    expect(page.locator(f"#away-{task}")).to_contain_text(f"нет до {SOON:%d.%m.%Y}, замещает: Борис")
    page.get_by_role("button", name="Назначить заместителю").click()
    expect(page.locator(f"#away-{task}")).to_have_count(0)
    assert anna.get(f"/tasks/api/task/{task}").json()["assignee"]["name"].startswith("Борис")

    steps.come_to(page, "anna", "/")
    page.get_by_role("button", name="Я снова на месте").click()
    expect(steps.toast(page, "С возвращением")).to_be_visible()
    expect(page.get_by_role("button", name="Я снова на месте")).to_have_count(0)


def test_all_tasks_go_to_a_colleague(page: Page, as_program: AsProgram, javascript: bool) -> None:
    steps.come_to(page, "anna", "/users/hand-over")
    whole = as_program("anna").get("/users/hand-over").json()["open_tasks"]
    assert whole > 25, "one batch would do"
    page.get_by_label("Кому").fill("boris")
    page.get_by_role("button", name="Передать все открытые задачи").click()
    while not javascript and page.get_by_role("button", name="Продолжить").count():
        page.get_by_role("button", name="Продолжить").click()
    expect(page.get_by_role("heading", name=f"Передано задач: {whole}")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Передано всё.")).to_be_visible()
    page.get_by_role("link", name="Проверить ещё раз").click()
    expect(page.get_by_text("открытых задач у вас нет")).to_be_visible()


def test_a_leaver_becomes_a_number(page: Page, as_program: AsProgram) -> None:
    admin = as_program("admin")
    found = admin.get("/admin/people?q=irina").raise_for_status().json()["people"]
    irina = next(it["id"] for it in found if it["login"] == "irina")
    admin.post(f"/admin/people/{irina}/active", json={"active": "0"}).raise_for_status()
    steps.come_to(page, "admin", f"/admin/people/{irina}")
    page.get_by_role("link", name="Обезличить").click()
    page.get_by_label("введите логин irina").fill("irina")
    page.get_by_role("button", name="Обезличить учётную запись").click()
    expect(steps.toast(page, "Учётная запись обезличена.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"#{irina}")
