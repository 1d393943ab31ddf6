"""The head of support asks whether work gets slower, where it piles up and who needs help."""

import re

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.looking import Look, too_wide_on_screens
from e2e.watching import Announced

with_scripts = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
PAGES = {
    "a report": "/reports",
    "a report by two groups": "/reports?group=executor&group=time&by=month",
    "a report of many days": "/reports?since=2026-01-01&by=day&group=department",
    "a report of nothing": "/reports?executor_id=999999&group=project",
    "a report that is refused": "/reports?since=1900-01-01&group=cf_999",
    "times": "/reports/times?group=executor",
    "promises": "/reports/promises?group=executor",
    "stale tasks": "/reports/stale",
    "the workload": "/reports/workload",
    "the workload by age": "/reports/workload?split=age",
    "the tasks of a number": "/reports/tasks?measure=open&group=executor&cell=0",
}
TORN = """() => [...document.querySelectorAll("table :is(th, td)")].flatMap((cell) => {
  const found = [], walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), range = document.createRange();
  for (let node; (node = walker.nextNode()); )
    for (const word of node.data.matchAll(/[^\\s–-]+/g)) {
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map((it) => Math.round(it.top))).size > 1) found.push(word[0]);
    }
  return found;
})"""
"""The words of tables that go on in the next line."""


def test_a_number_of_a_report_leads_to_its_tasks(page: Page) -> None:
    steps.come_to(page, "boris", "/reports")
    page.get_by_label("Период", exact=True).select_option(label="Прошлый месяц")
    page.get_by_label("Группа", exact=True).select_option(label="Исполнитель")
    page.get_by_role("button", name="Показать", exact=True).click()
    line = page.get_by_role("row").filter(has_text="Анна Светлова")
    number = line.get_by_role("link").first
    wanted = number.inner_text()
    number.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(rf"Создан.*: {wanted}$"))
    expect(page.locator(".report-facts").last).to_contain_text("Анна Светлова")
    page.locator(".report-subject a").first.click()
    expect(page).to_have_url(re.compile(r"/tasks/\d+$"))


def test_the_tabs_keep_what_the_report_is_about(page: Page) -> None:
    steps.come_to(page, "boris", "/reports?project_id=1")
    for tab in ("Застывшие задачи", "Нагрузка", "Время ответа и решения", "Отчёт"):
        page.get_by_role("navigation", name="Отчёты").get_by_role("link", name=tab, exact=True).click()
        expect(page.get_by_label("Проект", exact=True)).to_have_value("1")


def test_charts_and_tables_are_printed_without_the_form(page: Page) -> None:
    steps.come_to(page, "boris", "/reports?group=project&priority_id=2")
    page.emulate_media(media="print")
    expect(page.locator(".report-form")).not_to_be_visible()
    expect(page.get_by_role("img", name="Созданные и закрытые задачи")).to_be_visible()
    expect(page.get_by_role("table").first).to_be_visible()
    expect(page.locator(".report-facts")).to_be_visible()
    expect(page.locator(".report-told a").first).to_be_visible()  # a number within its sentence


def test_reports_fit_into_their_screens(page: Page, announced: Announced) -> None:
    announced.add(422)
    steps.come_to(page, "boris", "/reports")
    assert too_wide_on_screens(page, PAGES.values()) == []


@with_scripts
def test_words_and_numbers_of_tables_are_whole(page: Page, announced: Announced) -> None:
    announced.add(422)
    steps.come_to(page, "boris", "/reports")
    for address in (*PAGES.values(), "/reports/times?clock=whole"):
        page.goto(address)
        assert page.evaluate(TORN) == [], address


@with_scripts
def test_pages_of_reports(page: Page, look: Look, announced: Announced) -> None:
    announced.add(422)
    steps.come_in(page, "boris")
    for name, address in PAGES.items():
        page.goto(address)
        look(name)
