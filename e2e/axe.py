"""Whether a page can be used by everybody: axe-core looks at what the browser shows.

Every page of `test_every_page.py` is looked at whole. At the end of a journey axe looks at what no worker of this run
has seen yet: the whole page if its landmarks and headings are new, else each element that is new by its shape.
Whether a text can be read and a link told from the text beside it, which takes longer than all else, is looked at once
for each paint.
"""

import re
from collections.abc import Iterable
from functools import cache
from hashlib import sha1
from pathlib import Path

from playwright.sync_api import Page, expect

SCRIPT = Path(__file__).parent.parent / "tests" / "vendor" / "axe-4.14.1.min.js"


# An element's shape: its ancestors, its attributes with the values by which styles and roles are chosen, and whether it
# has a text and labels. A paint is the shape of a text with its letters and the colours behind it, as they are now.
# The first element of each waits for axe under its name.
NAMES = """(paints) => {
    const chosen = /^(class|type|role|lang|hidden|open|style|data-theme|aria-(?!label|describedby|controls|owns).*)$/;
    const told = ({name, value}) => chosen.test(name) ? `[${name}=${value}]` : `[${name}]`;
    const own = (it) => it.localName + [...it.attributes].map(told).sort().join("")
        + (it.textContent.trim() || it.value ? "" : ":empty") + (it.labels ? `:labels(${it.labels.length})` : "");
    const hasText = (it) => it.matches("input, select, textarea")
        || [...it.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
    const first = new Map();
    const walk = (it, above, behind) => {
        const path = `${above}>${own(it)}`;
        let name = path;
        if (paints) {
            const style = getComputedStyle(it);
            if (style.backgroundColor !== "rgba(0, 0, 0, 0)") behind += ` ${style.backgroundColor}`;
            if (style.backgroundImage !== "none") behind += ` ${style.backgroundImage}`;
            if (style.opacity !== "1") behind += ` ${style.opacity}`;
            name += ` ${style.color} ${style.fontSize} ${style.fontWeight} on${behind}`;
        }
        if (!first.has(name) && (!paints || hasText(it)) && it.checkVisibility()) first.set(name, it);
        for (const child of it.children) walk(child, path, behind);
    };
    walk(document.body, `${innerWidth} ${own(document.documentElement)}`, "");
    window[paints ? "paints" : "shapes"] = first;
    return [...first.keys()];
}"""
# The texts whose contrast is wanted are marked for axe, and the links in, on or around them, which must differ from the
# text beside them. What is in order is not worked out to the last element: these two rules took most of the time. The
# whole page is looked at when an element has left it meanwhile, as news come and go.
LOOK = """async ([rules, shapes, paints]) => {
    const at = (first, names) => names.map((name) => first.get(name)).filter((it) => it?.isConnected);
    const texts = at(window.paints, paints), chosen = shapes && at(window.shapes, shapes);
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
        const where = chosen && chosen.length === shapes.length ? {include: [...chosen, ...texts]} : document;
        const {violations, incomplete} = rules
            ? await axe.run(where, {resultTypes: ["violations", "incomplete"], preload: {assets: ["media"]}})
            : await axe.run({resultTypes: ["violations", "incomplete"], runOnly: ["color-contrast"]});
        return {violations, incomplete: incomplete.filter((it) => it.id === "color-contrast")};
    } finally {
        for (const it of texts) delete it.dataset.look;
        for (const it of beside) delete it.dataset.lookLink;
    }
}"""
_LANDMARK = re.compile(r">(?:main|nav|header|footer|aside|h[1-6])\b[^>]*$|\[role=[^>]*$")


class Seen:
    """The shapes, skeletons and paints that axe has found nothing wrong with: their digests, in a file of all
    workers."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.touch()

    def digests(self) -> set[str]:
        return set(self._file.read_text().split())

    def add(self, digests: Iterable[str]) -> None:
        with self._file.open("a") as file:
            file.write("".join(f"{it}\n" for it in digests))


def new_faults(page: Page, seen: Seen, *, whole: bool = False) -> list[str]:
    """What axe finds in what has not been seen yet, or in the `whole` page; what has a fault is not counted as seen."""
    expect(page.locator(".htmx-request")).to_have_count(0)
    shapes: list[str] = page.evaluate(NAMES, False)
    skeleton = _digest("\n".join(sorted(filter(_LANDMARK.search, shapes))))
    known = seen.digests()
    new = {digest: shape for shape in shapes if (digest := _digest(shape)) not in known}
    whole = whole or skeleton not in known
    if not whole and not new:
        return []
    found, paints = _looked(page, None if whole else list(new.values()), known)
    if not found:
        seen.add({*new, skeleton} - known | paints)
    return found


def faults(page: Page, *, unseen: bool = False) -> list[str]:
    """What axe finds by all its rules in light colours, and by that of contrast in dark ones; empty when nothing.
    If wanted, also texts in the very colour of what is behind them: axe takes that for a purpose, and is silent.

    Needs a page with JavaScript. Leaves the page in light colours. A button whose request is on its way is pale: it
    is not looked at before the answer has been dealt with.
    """
    expect(page.locator(".htmx-request")).to_have_count(0)
    return _looked(page, None, set(), unseen=unseen)[0]


def _looked(
    page: Page, shapes: list[str] | None, known: set[str], *, unseen: bool = False
) -> tuple[list[str], set[str]]:
    """What is wrong with these `shapes`, or with the whole page, and with paints not `known`: their digests."""
    if not page.evaluate("() => 'axe' in window"):
        _load(page)
    found: list[str] = []
    looked_at: set[str] = set()
    for colours in ("dark", "light"):
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        new = {digest: paint for paint in page.evaluate(NAMES, True) if (digest := _digest(paint)) not in known}
        rules = colours == "light"
        told = page.evaluate(LOOK, [rules, shapes, list(new.values())]) if rules or new else {}
        looked_at |= new.keys()
        found += [
            f"{page.url}, {colours}: {rule['id']} at {node['html'][:160]}: {node['failureSummary']}"
            for rule in told.get("violations", [])
            for node in rule["nodes"]
        ]
        doubts = [node for rule in told.get("incomplete", []) for node in rule["nodes"] if unseen]
        same = (it for it in doubts if it["any"] and it["any"][0]["data"]["messageKey"] == "equalRatio")
        found += [f"{page.url}, {colours}: not to be seen: {node['html'][:160]}" for node in same]
    return found, looked_at


def _load(page: Page) -> None:
    """Run axe's script in the page. Playwright's own `evaluate` reads a text of half a megabyte three times."""
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": _script()})
    session.detach()


def _digest(text: str) -> str:
    return sha1(text.encode(), usedforsecurity=False).hexdigest()


@cache
def _script() -> str:
    return SCRIPT.read_text()
