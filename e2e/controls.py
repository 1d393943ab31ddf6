"""Whether controls can be told from what is behind them, and their focus be seen: WCAG 1.4.11, by computed styles.

To give a control the focus takes longest: that is done once for each shape and its colours.
"""

from pathlib import Path

from playwright.sync_api import Page

from e2e.axe import SHAPE, Seen

SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8").replace("SHAPES;", SHAPE)


def faults(page: Page, seen: Seen | None = None) -> list[str]:
    """Return the controls with too little contrast, in both colours, without those whose focus was `seen` in order.
    Leaves the page in light ones."""
    found: list[str] = []
    known, names = seen.names() if seen else set(), set()
    for colours in ("dark", "light"):
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        edges, here = page.evaluate(SCRIPT)
        new = [name for name in here if name not in known]
        focuses = page.evaluate("(names) => focusFaults(names)", new) if new else []
        names.update(new)
        found += [f"{page.url}, {colours}: {fault}" for fault in edges + focuses]
    if seen and not found:
        seen.add(names)
    return found
