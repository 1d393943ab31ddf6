"""The supervisors' page goes on by itself, and by a link without scripts."""

from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram


def test_the_team_is_loaded_again_and_keeps_the_focus(page: Page, javascript: bool, as_program: AsProgram) -> None:
    number = "7960" if javascript else "7961"
    steps.come_to(page, "boris", "/calls/team")
    agent = as_program("boris")
    agent.post("/finesse/session", json={"agent_id": number, "password": "demo", "extension": number})
    agent.get("/finesse/agent/state").raise_for_status()
    again = page.get_by_role("link", name="Загрузить ещё раз")
    if javascript:
        again.focus()
        page.keyboard.press("Shift")  # a person's act, after which a page may move
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as when somebody comes back to the tab
    else:
        again.click()
    expect(page.locator("#team tr").filter(has_text=number)).to_contain_text("Не готов")
    if javascript:
        expect(again).to_be_focused()
        expect(page.locator("#team")).to_have_count(1)
