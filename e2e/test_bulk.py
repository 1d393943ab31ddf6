"""Several tasks changed at once from the list."""

from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram


def test_ticked_tasks_are_changed_together_and_told_one_by_one(
    page: Page, as_program: AsProgram, javascript: bool
) -> None:
    page.goto("/tasks?author_id=me&sort=id&per_page=5")
    steps.sign_in(page, "anna", "demo")
    expect(page.locator("table.list")).to_be_visible()
    numbers = steps.listed_ids(page)
    boxes = page.locator("tbody input[type=checkbox]")
    if javascript:
        page.get_by_role("checkbox", name="Отметить все").check()
        expect(page.locator("tbody input[type=checkbox]:checked")).to_have_count(len(numbers))
        boxes.nth(0).uncheck()
    else:
        expect(page.get_by_role("checkbox", name="Отметить все")).to_have_count(0)
        for place in range(1, len(numbers)):
            boxes.nth(place).check()
    form = page.get_by_role("form", name="Изменить отмеченные")
    form.get_by_label("Приоритет").select_option(label="Низкий")
    form.get_by_label("Комментарий").fill("Разобрали на планёрке.")
    form.get_by_role("button").click()
    expect(page.get_by_text(f"Изменено: {len(numbers) - 1} из {len(numbers) - 1}.")).to_be_visible()
    page.get_by_role("link", name="К списку").click()
    expect(page.locator("tbody tr").nth(1)).to_contain_text("Низкий")
    anna = as_program("anna")
    for place, number in enumerate(numbers):
        notes = [entry["notes"] for entry in steps.history(anna, number)]
        assert ("Разобрали на планёрке." in notes) is (place > 0)
