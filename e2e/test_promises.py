"""Promises of time: administrators keep them and their calendars, staff see how much time is left."""

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.looking import PHONE, Look, too_wide
from e2e.watching import Announced

PROMISE = {"name": "Всё за неделю", "project_id": 1, "answer": "400:00", "solution": "9000:00", "is_active": True}
LATE = 185
SHARES = """() => [...document.querySelectorAll(".list-subject .tag")].map(
  (it) => it.getBoundingClientRect().width / it.parentElement.getBoundingClientRect().width)"""
"""Of the column of the subject, the share that each clock takes."""
BEYOND = """() => [...document.querySelectorAll(".card .tag")].filter(
  (it) => it.getBoundingClientRect().right > it.closest(".card").getBoundingClientRect().right
).map((it) => it.innerText)"""
"""The clocks that stand out of their cards."""
with_javascript = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


def test_an_administrator_promises_and_staff_see_the_clock(
    page: Page, javascript: bool, as_program: AsProgram, announced: Announced
) -> None:
    announced.add(422)
    page.set_viewport_size(PHONE)
    steps.come_to(page, "admin", "/admin/calendars")
    page.get_by_label("Название").fill("Круглые сутки")
    page.get_by_label("Понедельник").fill("00:00-24:00")
    page.get_by_label("Праздники и дни с другими часами").fill("31.12.2026 Новый год\n2027-02-30")
    page.get_by_role("button", name="Добавить календарь").click()
    expect(page.get_by_text("Строка 2: начните с дня")).to_be_visible()
    page.get_by_label("Праздники и дни с другими часами").fill("31.12.2026 Новый год")
    page.get_by_role("button", name="Добавить календарь").click()
    expect(page.get_by_role("link", name="Круглые сутки")).to_be_visible()
    assert too_wide(page) == []
    page.goto("/admin/promises")
    page.get_by_label("Название").fill("Всё за неделю")
    page.get_by_label("Проект вместе с вложенными").select_option(value="1")
    page.get_by_label("Решение за").fill("скоро")
    page.get_by_role("button", name="Добавить обещание").click()
    expect(page.get_by_text("Укажите рабочее время")).to_be_visible()
    page.get_by_label("Решение за").fill("9000:00")
    page.get_by_role("button", name="Добавить обещание").click()
    expect(page.get_by_role("link", name="Всё за неделю")).to_be_visible()
    assert too_wide(page) == []
    steps.come_to(page, "anna", "/tasks?project_id=1&promise=running&sort=promise")
    expect(page.locator("#tasks tr").first.get_by_text("осталось")).to_be_visible()
    assert too_wide(page) == []
    page.locator("#tasks tr .list-subject a").first.click()
    expect(page.locator("[id^=clocks-]").get_by_text("осталось")).to_be_visible()
    assert too_wide(page) == []
    for address in (f"/tasks/{LATE}", "/search?q=Погрузчик"):
        page.goto(address)
        expect(page.get_by_text("опоздание").first).to_be_visible()
        assert too_wide(page) == []
    admin = as_program("admin")
    kept = next(it for it in admin.get("/admin/promises").json()["promises"] if it["name"] == "Всё за неделю")
    admin.post(f"/admin/promises/{kept['id']}/delete", json={}).raise_for_status()


@with_javascript
def test_the_clock_of_a_task_follows_its_changes(page: Page, as_program: AsProgram) -> None:
    admin, anna = as_program("admin"), as_program("anna")
    kept = admin.post("/admin/promises", json=PROMISE).json()
    task = next(it for it in anna.get("/tasks?project_id=1&promise=running").json()["tasks"] if it["status_id"] == 2)
    steps.come_to(page, "anna", task["id"])
    expect(page.locator("[id^=clocks-]").get_by_text("осталось").last).to_be_visible()
    steps.change(page, "status", "Приостановлена")
    expect(page.locator("[id^=clocks-]").get_by_text("пауза").first).to_be_visible()
    admin.post(f"/admin/promises/{kept['id']}/delete", json={}).raise_for_status()


@with_javascript
def test_clocks_leave_room_for_subjects_and_stay_within_their_cards(page: Page) -> None:
    page.set_viewport_size({"width": 1024, "height": 700})
    steps.come_to(page, "boris", "/tasks?promise=any")
    assert len(shares := page.evaluate(SHARES)) == len(page.locator("#tasks tr").all()) > 0
    assert max(shares) < 0.7
    page.goto("/tasks/board?promise=any&assigned_to_id=any")
    assert page.locator(".card .tag").count() > 0
    assert page.evaluate(BEYOND) == []


@with_javascript
def test_pages_of_promises(page: Page, look: Look, announced: Announced, as_program: AsProgram) -> None:
    announced.add(409)
    steps.come_to(page, "admin", "/admin/promises")
    look("promises")
    page.goto("/admin/promises?project_id=1&tracker_id=1&priority_id=1")
    look("which promise holds")
    page.goto("/admin/promises/1")
    look("a promise")
    page.get_by_label("Решение за").fill("1:00")
    as_program("admin").post("/admin/promises/1", json={"name": "Все запросы"}).raise_for_status()
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look("a promise in conflict")
    page.goto("/admin/calendars")
    look("calendars")
    page.goto("/admin/calendars/1")
    look("a calendar")
    page.goto("/tasks?sort=promise&filter=1")
    look("a list by promises")
    page.goto("/tasks/224")
    look("a task with clocks")
    page.goto("/tasks/board?assigned_to_id=any&promise=any")
    look("a board by promises")
    steps.come_to(page, "irina", "/requests/224")
    expect(page.get_by_text("Обещано: решение до")).to_be_visible()
    look("a request with a promise")
