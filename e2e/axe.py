"""Whether a page can be used by everybody: axe-core looks at what the browser shows."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

SCRIPT = Path(__file__).parent.parent / "tests" / "vendor" / "axe-4.14.1.min.js"


def faults(page: Page) -> list[str]:
    """What axe finds by all its rules in the colours shown, and by that of contrast in dark ones; empty when nothing.

    Needs a page with JavaScript. Leaves the page in light colours. A button whose request is on its way is pale: it
    is not looked at before the answer has been dealt with.
    """
    expect(page.locator(".htmx-request")).to_have_count(0)
    page.evaluate(_script())
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = _found(page, "light", {})
    page.emulate_media(color_scheme="dark")
    found += _found(page, "dark", {"runOnly": ["color-contrast"]})
    page.emulate_media(color_scheme="light")
    return found


def _found(page: Page, colours: str, options: dict[str, Any]) -> list[str]:
    # What is in order is not worked out to the last element: that took a third of the time.
    asked = {"resultTypes": ["violations"], **options}
    violations = page.evaluate("async (options) => (await axe.run(options)).violations", asked)
    return [
        f"{page.url}, {colours}: {rule['id']} at {node['html'][:160]}: {node['failureSummary']}"
        for rule in violations
        for node in rule["nodes"]
    ]


@cache
def _script() -> str:
    return SCRIPT.read_text()
