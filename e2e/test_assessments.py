"""A controller draws closed tasks, assesses one, and looks at what follows from all assessments."""

import re

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.looking import Look, too_wide_on_screens

with_scripts = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
ALL = "/quality-control/assessments"


def test_a_drawn_task_is_assessed_and_the_assessment_withdrawn(page: Page) -> None:
    steps.come_to(page, "boris", "/quality-control/sample")
    page.get_by_label("Закрыты").select_option(label="Прошлый месяц")
    page.get_by_role("button", name="Отобрать задачи").click()
    page.get_by_role("region", name="Отобранные задачи").get_by_role("link").first.click()
    expect(page.get_by_label("Замечание в целом")).to_be_visible()
    for criterion in page.get_by_role("main").get_by_role("group").all():
        criterion.get_by_role("radio", name="4", exact=True).check()
    page.get_by_role("radio", name="не подходит").first.check()
    page.get_by_label("Замечание в целом").fill("Хорошо, но долго")
    page.get_by_role("button", name="Сохранить оценку").click()
    expect(page.get_by_text("Оценка сохранена.")).to_be_visible()
    expect(page.get_by_text("80 из 100")).to_be_visible()
    expect(page.get_by_text("Хорошо, но долго")).to_be_visible()
    page.get_by_role("button", name="Отозвать").click()
    expect(page.get_by_text("Оценка отозвана.")).to_be_visible()


def test_a_closed_task_leads_to_its_assessment_and_a_line_to_its_filter(page: Page) -> None:
    steps.come_to(page, "boris", ALL)
    page.get_by_role("region", name="По исполнителям").get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"assignee_id=\d+"))
    page.get_by_role("region", name="Где оценки расходятся").get_by_role("link").first.click()
    page.get_by_role("complementary").get_by_role("link", name="Ваша оценка").click()
    page.get_by_role("link", name="Изменить").click()
    expect(page.get_by_role("button", name="Сохранить оценку")).to_be_visible()


def test_assessments_fit_into_their_screens(page: Page) -> None:
    steps.come_to(page, "boris", ALL)
    assert too_wide_on_screens(page, (ALL, "/quality-control/sample", "/quality-control/mine")) == []


@with_scripts
def test_pages_of_assessments(page: Page, look: Look, as_program: AsProgram) -> None:
    steps.come_to(page, "boris", ALL)
    look("assessments")
    page.get_by_role("region", name="Все оценки").get_by_role("link").first.click()
    look("an assessment")
    for name, address in (("tasks to assess", "sample"), ("assessments of own work", "mine")):
        page.goto(f"/quality-control/{address}")
        look(name)
    first = as_program("boris").get(ALL).json()["assessments"][0]["task_id"]
    page.goto(f"/quality-control/assess/main/{first}")
    look("a task to assess")


@with_scripts
def test_forms_of_assessments(page: Page, look: Look) -> None:
    steps.come_to(page, "admin", "/quality-control/forms")
    look("forms of assessments")
    page.get_by_role("region", name="Все формы").get_by_role("link").first.click()
    look("a form of assessments")
