"""Whether controls can be told from what is behind them, and their focus be seen: WCAG 1.4.11, by computed styles."""

from pathlib import Path

from playwright.sync_api import Page

SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8")


def faults(page: Page) -> list[str]:
    """Return the controls with too little contrast, in both colours. Leaves the page in light ones."""
    found: list[str] = []
    for colours in ("dark", "light"):
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        found += [f"{page.url}, {colours}: {fault}" for fault in page.evaluate(SCRIPT)]
    return found
