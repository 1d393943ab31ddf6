"""The supervisors' page goes on by itself, and by a link without scripts."""

import re

from playwright.sync_api import Page, expect

from e2e import steps


def test_the_team_is_loaded_again_and_keeps_the_focus(page: Page, javascript: bool) -> None:
    number = "7960" if javascript else "7961"
    steps.come_to(page, "boris", "/calls/team")
    agent = {"agent_id": number, "password": "demo", "extension": number}
    page.request.post("/finesse/session", data=agent)
    page.request.get("/finesse/agent/state")
    again = page.get_by_role("link", name="Загрузить ещё раз")
    own = page.locator("#team tr").filter(has_text=number).first
    if javascript:
        again.focus()
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as when somebody comes back to the tab
    else:
        again.click()
    expect(own).to_contain_text(re.compile("Не готов"))
    expect(page.locator("#team h2", has_text="Очереди")).to_be_visible()
    if javascript:
        expect(again).to_be_focused()
        expect(page.locator("#team")).to_have_count(1)
