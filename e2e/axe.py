"""Whether a page can be used by everybody: axe-core looks at what the browser shows.

Every page of `test_every_page.py` is looked at whole. At the end of a journey axe looks at what no worker of this run
has seen yet: the whole page if its landmarks and headings are new, else each element that is new by its shape.
"""

import re
from collections.abc import Iterable
from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

SCRIPT = Path(__file__).parent.parent / "tests" / "vendor" / "axe-4.14.1.min.js"


# An element's shape: its ancestors, its attributes with the values by which styles and roles are chosen, and whether it
# has a text and labels. The first element of each shape waits for axe under its shape.
SHAPES = """() => {
    const chosen = /^(class|type|role|lang|hidden|open|style|data-theme|aria-(?!label|describedby|controls|owns).*)$/;
    const told = ({name, value}) => chosen.test(name) ? `[${name}=${value}]` : `[${name}]`;
    const own = (it) => it.localName + [...it.attributes].map(told).sort().join("")
        + (it.textContent.trim() || it.value ? "" : ":empty") + (it.labels ? `:labels(${it.labels.length})` : "");
    window.shapes = new Map();
    const walk = (it, above) => {
        const path = `${above}>${own(it)}`;
        if (it.checkVisibility() && !window.shapes.has(path)) window.shapes.set(path, it);
        for (const child of it.children) walk(child, path);
    };
    walk(document.body, `${innerWidth} ${own(document.documentElement)}`);
    return [...window.shapes.keys()];
}"""
_LANDMARK = re.compile(r">(?:main|nav|header|footer|aside|h[1-6])\b[^>]*$|\[role=[^>]*$")


class Seen:
    """The shapes and skeletons that axe has found nothing wrong with: their digests, in a file of all workers."""

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
    shapes: list[str] = page.evaluate(SHAPES)
    skeleton = _digest("\n".join(sorted(filter(_LANDMARK.search, shapes))))
    known = seen.digests()
    new = {digest: shape for shape in shapes if (digest := _digest(shape)) not in known}
    whole = whole or skeleton not in known
    if not whole and not new:
        return []
    found = faults(page, None if whole else list(new.values()))
    if not found:
        seen.add({*new, skeleton} - known)
    return found


def _digest(text: str) -> str:
    return sha1(text.encode(), usedforsecurity=False).hexdigest()


def faults(page: Page, shapes: list[str] | None = None) -> list[str]:
    """What axe finds by all its rules in the colours shown, and by that of contrast in dark ones; empty when nothing.
    Of the elements of these `shapes` alone, if any are named.

    Needs a page with JavaScript. Leaves the page in light colours. A button whose request is on its way is pale: it
    is not looked at before the answer has been dealt with.
    """
    expect(page.locator(".htmx-request")).to_have_count(0)
    page.evaluate(_script())
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = _found(page, "light", {}, shapes)
    page.emulate_media(color_scheme="dark")
    found += _found(page, "dark", {"runOnly": ["color-contrast"]}, shapes)
    page.emulate_media(color_scheme="light")
    return found


def unseen(page: Page) -> list[str]:
    """Texts in the very colour of what is behind them, light or dark: axe takes that for a purpose, and is silent."""
    page.evaluate(_script())
    found: list[str] = []
    for colours in ("dark", "light"):
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        asked = {"runOnly": ["color-contrast"], "resultTypes": ["incomplete"]}
        rules = page.evaluate("async (options) => (await axe.run(options)).incomplete", asked)
        nodes = [node for rule in rules for node in rule["nodes"]]
        same = (node for node in nodes if node["any"] and node["any"][0]["data"]["messageKey"] == "equalRatio")
        found += [f"{page.url}, {colours}: {node['html'][:160]}" for node in same]
    return found


def _found(page: Page, colours: str, options: dict[str, Any], shapes: list[str] | None) -> list[str]:
    # What is in order is not worked out to the last element: that took a third of the time.
    asked = {"resultTypes": ["violations"], **options}
    # The whole page is looked at when an element has left it meanwhile, as news come and go.
    run = """async ([options, shapes]) => {
        const chosen = shapes?.map((shape) => window.shapes.get(shape));
        const where = chosen?.every((it) => it?.isConnected) ? {include: chosen} : document;
        return (await axe.run(where, options)).violations;
    }"""
    violations = page.evaluate(run, [asked, shapes])
    return [
        f"{page.url}, {colours}: {rule['id']} at {node['html'][:160]}: {node['failureSummary']}"
        for rule in violations
        for node in rule["nodes"]
    ]


@cache
def _script() -> str:
    return SCRIPT.read_text()
