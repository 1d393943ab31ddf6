"""Whether a page can be used by everybody: axe-core looks at what the browser shows.

Every page of `test_every_page.py` is looked at. At the end of a journey axe looks where the page shows an element, or
landmarks and headings, that no worker of this run has seen yet. Whether a text can be read and a link told from the
text beside it, which takes longer than all else, is looked at once for each paint.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from playwright.sync_api import Page, expect

SCRIPT = Path(__file__).parent.parent / "tests" / "vendor" / "axe-4.14.1.min.js"
Colours = Literal["dark", "light"]
COLOURS: tuple[Colours, ...] = get_args(Colours)
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


def new_faults(page: Page, seen: Seen) -> list[str]:
    """What axe finds in a page that shows an element, landmarks or headings which have not been seen yet."""
    if not set(page.evaluate(SHAPES)) - seen.names():
        return []
    return [fault for colours in COLOURS for fault in faults_in(page, colours, seen)]


def faults_in(page: Page, colours: Colours, seen: Seen, *, whole: bool = False) -> list[str]:
    """What axe finds in these colours by its rules of contrast, in paints that have not been seen; in light ones by all
    rules, if an element has not been seen or the `whole` is wanted. What has a fault is not counted as seen."""
    wear(page, colours)
    known = seen.names()
    shapes = set(page.evaluate(SHAPES)) - known if colours == "light" else set()
    paints = set(page.evaluate(PAINTS)) - known
    found = _told(page, colours, _run(page, bool(shapes) or (whole and colours == "light"), paints))
    if not found:
        seen.add(shapes | paints)
    return found


def faults(page: Page, *, unseen: bool = False) -> list[str]:
    """What axe finds by all its rules in light colours, and by those of contrast in dark ones; empty when nothing.
    If wanted, also texts in the very colour of what is behind them: axe takes that for a purpose, and is silent.

    Needs a page with JavaScript. Leaves the page in light colours.
    """
    found: list[str] = []
    for colours in COLOURS:
        wear(page, colours)
        told = _run(page, colours == "light", set(page.evaluate(PAINTS)))
        found += _told(page, colours, told, unseen=unseen)
    return found


def wear(page: Page, colours: Colours) -> None:
    """Show the page in these colours. A button whose request is on its way is pale: its answer is awaited."""
    expect(page.locator(".htmx-request")).to_have_count(0)
    page.emulate_media(color_scheme=colours, reduced_motion="reduce")


def _told(page: Page, colours: Colours, told: dict[str, Any], *, unseen: bool = False) -> list[str]:
    """The faults in what axe has told; of contrasts that it is unsure of, those that are `unseen`."""
    found = [
        f"{page.url}, {colours}: {rule['id']} at {node['html'][:160]}: {node['failureSummary']}"
        for rule in told.get("violations", [])
        for node in rule["nodes"]
    ]
    doubts = [node for rule in told.get("incomplete", []) for node in rule["nodes"] if unseen]
    same = (it for it in doubts if it["any"] and it["any"][0]["data"]["messageKey"] == "equalRatio")
    return found + [f"{page.url}, {colours}: not to be seen: {node['html'][:160]}" for node in same]


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
