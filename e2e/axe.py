"""Whether a page can be used by everybody: axe-core looks at what the browser shows.

Every page of `test_every_page.py` is looked at. At the end of a journey axe looks where the page shows an element, or
landmarks and headings, that no worker of this run has seen yet. Whether a text can be read and a link told from the
text beside it, which takes longer than all else, is looked at once for each paint.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

SCRIPT = Path(__file__).parent.parent / "tests" / "vendor" / "axe-4.14.1.min.js"
SHAPE = (Path(__file__).parent / "shapes.js").read_text("utf-8")

# The shapes of what is shown, and one name for the landmarks that there are and the headings that are shown.
SHAPES = f"""() => {{
    {SHAPE}
    const all = [...document.body.querySelectorAll("*")], visible = all.filter((it) => it.checkVisibility());
    const landmarks = all.filter((it) => it.matches("nav, header, footer, aside, [role]"));
    const headings = visible.filter((it) => it.matches("main, h1, h2, h3, h4, h5, h6"));
    const skeleton = new Set([...landmarks, ...headings].map(path));
    return [...new Set(visible.map(shape)), digest([...skeleton].sort().join())];
}}"""
# A paint is the shape of a text with its letters, the colours behind it, and what is positioned there, as they are now.
# The first element of each waits for axe under its name.
PAINTS = f"""() => {{
    {SHAPE}
    const hasText = (it) => it.matches("input, select, textarea")
        || [...it.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
    window.paints = new Map();
    const walk = (it, behind) => {{
        const style = getComputedStyle(it);
        if (style.display === "none") return;
        if (style.backgroundColor !== "rgba(0, 0, 0, 0)") behind += ` ${{style.backgroundColor}}`;
        if (style.backgroundImage !== "none") behind += ` ${{style.backgroundImage}}`;
        if (style.opacity !== "1") behind += ` ${{style.opacity}}`;
        if (style.position !== "static") behind += ` ${{style.position}}`;
        if (hasText(it) && it.checkVisibility()) {{
            const letters = `${{style.color}} ${{style.fontSize}} ${{style.fontWeight}}`;
            const name = digest(`paint ${{shape(it)}} ${{letters}} on${{behind}}`);
            if (!paints.has(name)) paints.set(name, it);
        }}
        for (const child of it.children) walk(child, behind);
    }};
    walk(document.body, "");
    return [...paints.keys()];
}}"""
# The texts whose contrast is wanted are marked for axe, and the links in, on or around them, which must differ from the
# text beside them. What is in order is not worked out to the last element: these two rules took most of the time. The
# whole page is looked at when an element has left it meanwhile, as news come and go.
LOOK = """async ([rules, paints]) => {
    const texts = paints.map((name) => window.paints.get(name)).filter((it) => it.isConnected);
    const every = texts.length < paints.length, links = "a[href], [role=link]";
    axe.configure({rules: [
        {id: "color-contrast", selector: every ? "*" : "[data-look]"},
        {id: "link-in-text-block", selector: every ? links : "[data-look-link]"},
    ]});
    for (const it of texts) it.dataset.look = "";
    const beside = [...document.querySelectorAll(links)]
        .filter((it) => it.matches("[data-look], [data-look] > *, :has([data-look])"));
    for (const it of beside) it.dataset.lookLink = "";
    try {
        const only = rules ? {} : {runOnly: ["color-contrast", "link-in-text-block"]};
        const wanted = {resultTypes: ["violations", "incomplete"], preload: {assets: ["media"]}, selectors: false};
        const {violations, incomplete} = await axe.run({...wanted, ...only});
        return {violations, incomplete: incomplete.filter((it) => it.id === "color-contrast")};
    } finally {
        for (const it of texts) delete it.dataset.look;
        for (const it of beside) delete it.dataset.lookLink;
    }
}"""


class Seen:
    """The shapes and paints that nothing was found wrong with: their names, in a file of all workers."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.touch()

    def names(self) -> set[str]:
        return set(self._file.read_text().split())

    def add(self, names: Iterable[str]) -> None:
        with self._file.open("a") as file:
            file.write("".join(f"{it}\n" for it in names))


def new_faults(page: Page, seen: Seen, *, whole: bool = False, paints: bool = False) -> list[str]:
    """What axe finds in a page that shows what has not been seen yet, or in any, if the `whole` of it is wanted, or
    at least its new `paints`. What has a fault is not counted as seen."""
    expect(page.locator(".htmx-request")).to_have_count(0)
    known = seen.names()
    new = set(page.evaluate(SHAPES)) - known
    if not (whole or new or paints):
        return []
    found, looked_at = _looked(page, known, rules=whole or bool(new))
    if not found:
        seen.add(new | looked_at)
    return found


def faults(page: Page, *, unseen: bool = False) -> list[str]:
    """What axe finds by all its rules in light colours, and by that of contrast in dark ones; empty when nothing.
    If wanted, also texts in the very colour of what is behind them: axe takes that for a purpose, and is silent.

    Needs a page with JavaScript. Leaves the page in light colours. A button whose request is on its way is pale: it
    is not looked at before the answer has been dealt with.
    """
    expect(page.locator(".htmx-request")).to_have_count(0)
    return _looked(page, set(), unseen=unseen)[0]


def _looked(page: Page, known: set[str], *, rules: bool = True, unseen: bool = False) -> tuple[list[str], set[str]]:
    """What is wrong with the page by all `rules`, or by those of contrast, and its paints that are not `known`."""
    found: list[str] = []
    looked_at: set[str] = set()
    for colours in ("dark", "light"):
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        new = set(page.evaluate(PAINTS)) - known
        told = _run(page, colours == "light" and rules, new)
        looked_at |= new
        found += [
            f"{page.url}, {colours}: {rule['id']} at {node['html'][:160]}: {node['failureSummary']}"
            for rule in told.get("violations", [])
            for node in rule["nodes"]
        ]
        doubts = [node for rule in told.get("incomplete", []) for node in rule["nodes"] if unseen]
        same = (it for it in doubts if it["any"] and it["any"][0]["data"]["messageKey"] == "equalRatio")
        found += [f"{page.url}, {colours}: not to be seen: {node['html'][:160]}" for node in same]
    return found, looked_at


def _run(page: Page, rules: bool, paints: set[str]) -> dict[str, Any]:
    """What axe says by all `rules`, or by those of contrast alone, which look at these paints only."""
    if not rules and not paints:
        return {}
    if not page.evaluate("() => 'axe' in window"):
        _load(page)
    told: dict[str, Any] = page.evaluate(LOOK, [rules, list(paints)])
    return told


def _load(page: Page) -> None:
    """Run axe's script in the page. Playwright's own `evaluate` reads a text of half a megabyte three times."""
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": _script()})
    session.detach()


@cache
def _script() -> str:
    return SCRIPT.read_text()
