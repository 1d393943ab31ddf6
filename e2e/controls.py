"""Whether controls can be told from what is behind them, and their focus be seen: WCAG 1.4.11, by computed styles.

To give a control the focus takes longest: that is done once for each shape and its colours.
"""

from pathlib import Path

from playwright.sync_api import Page

from e2e.axe import COLOURS, SHAPE, Colours, Seen, wear

SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8").replace("SHAPES;", SHAPE)


def faults(page: Page) -> list[str]:
    """Return the controls with too little contrast, in both colours. Leaves the page in light ones."""
    return [fault for colours in COLOURS for fault in faults_in(page, colours)]


def faults_in(page: Page, colours: Colours, seen: Seen | None = None) -> list[str]:
    """Return those with too little contrast in these colours; not those whose focus was `seen` in order."""
    wear(page, colours)
    known = seen.names() if seen else set()
    edges, names = page.evaluate(SCRIPT)
    new = [name for name in names if name not in known]
    found = [*edges, *(page.evaluate("(names) => focusFaults(names)", new) if new else [])]
    if seen and not found:
        seen.add(new)
    return [f"{page.url}, {colours}: {fault}" for fault in found]
