"""Textile as Redmine reads it, by the textile library, at a bounded cost."""

import re
from collections.abc import Iterator
from typing import Any

from markupsafe import escape
from textile import Textile

from helpdesk.tasks.safe_html import as_typed

TEXTILE_BUDGET = 3_000_000  # units of _textile_cost, about 0.1 us each


def html_of(text: str) -> str:
    """The text as the HTML that Redmine would make of it; not yet safe."""
    return "".join(_TextileReader().blocks(text))


class _TextileReader:
    """Feeds the textile library one paragraph at a time: its patterns are quadratic in what they are given.

    Code blocks and quoted mail are cut out before, because the library knows neither of Redmine's ways.
    """

    def __init__(self) -> None:
        self.parser = _textile_parser()
        self.budget = TEXTILE_BUDGET

    def blocks(self, text: str) -> Iterator[str]:
        preformatted = False
        for part in _PRE.split(text):
            if _PRE.fullmatch(part):
                preformatted = not part.startswith("</")
            elif preformatted:
                yield as_typed(_PRE_CODE.sub("", part))
            else:
                yield from self.quotes(part, 5)

    def quotes(self, text: str, depth: int) -> Iterator[str]:
        for part in _QUOTED.split(text):
            if depth and part.startswith(">"):
                inner = re.sub(r"^> ?", "", part, flags=re.M)
                yield f"<blockquote>{''.join(self.quotes(inner, depth - 1))}</blockquote>"
            else:
                yield from map(self.paragraph, _BLANK.split(part))

    def paragraph(self, text: str) -> str:
        text = text.strip()
        if not text or _RULER.fullmatch(text):
            return "<hr>" if text else ""
        self.budget -= _textile_cost(text)
        if self.budget < 0 or not (_MARK.search(text) or _BLOCK.match(text)):
            return _lines(text)
        hidden = _RUN.sub(_hide_run, _CODE.sub(r"@\1@", text).translate(_HIDE))
        self.parser.shelf, self.parser.refCache = {}, {}  # else each paragraph searches for all the earlier ones'
        try:
            html: str = self.parser.parse(hidden).strip()
        except (ValueError, LookupError, AttributeError, TypeError):  # as it does for a link to http://[
            return _lines(text)
        return _HIDDEN.sub(_shown, html)


_PRE = re.compile(r"(</?pre(?:\s[^<>]{0,80})?>)", re.I)
_PRE_CODE = re.compile(r"\A\s*<code(?:\s[^<>]{0,80})?>|</code>\s*\Z", re.I)
_CODE = re.compile(r"<code>([^@\n]{1,200}?)</code>", re.I)
_QUOTED = re.compile(r"((?:^>[^\n]*\n?)+)", re.M)
_BLANK = re.compile(r"\n[ \t]*(?=\n)")
_RULER = re.compile(r"-{3,}|\*{3,}|_{3,}")
_MARK = re.compile(r"[*_\"@|!%+~^?=#{}()\[\]-]")
_BLOCK = re.compile(r"[a-z]{1,9}[^ \n]*\. ")  # h1. and its like
_ITEM_BREAK = re.compile(r"(?<!</li>)(?<!<br />)\n(?![\s|])")

# Characters that the library must not see travel through it as \ue000 … \ue005; \ue006 marks its own placeholders
# (a short constant mark is many times cheaper than its random one, and just as impossible to forge, since none of
# these can come in from outside).
_OWN = "<>&#;:"
_MARKER = chr(0xE000 + len(_OWN))
_FORGED = dict.fromkeys(range(0xE000, 0xE000 + len(_OWN) + 1), 0xFFFD)
_HIDE = _FORGED | {ord(c): 0xE000 + _OWN.index(c) for c in "<>&"}
_RUN_HIDE = {ord(c): 0xE000 + _OWN.index(c) for c in "#;:"}
_RUN = re.compile(r"^[*#]+ |^[*#;:]+|#", re.M)
_HIDDEN = re.compile("[\ue000-\ue005]|%EE%80%8([0-5])")


def _textile_parser() -> Any:
    """The library without what Redmine lacks, what is quadratic at little use, and what alters words."""
    parser = Textile(restricted=True, html_type="html5")
    parser.uid = _MARKER
    for feature in (
        "footnoteRef",
        "getHTMLComments",
        "glyphs",
        "noTextile",
        "noteRef",
        "placeNoteLists",
        "redcloth_list",
    ):
        setattr(parser, feature, str)
    parser.doBr = _break_item
    return parser


def _break_item(found: re.Match[str]) -> str:
    tag, attributes, content, end = found.groups()
    return f"<{tag}{attributes}>{_ITEM_BREAK.sub('<br />', content)}{end}"


def _hide_run(found: re.Match[str]) -> str:
    """Keeps the bullets of a list; `#12` is no list, `;` and `:` would begin a definition list."""
    return found[0] if found[0].endswith(" ") else found[0].translate(_RUN_HIDE)


def _shown(found: re.Match[str]) -> str:
    return str(escape(_OWN[int(found[1]) if found[1] else ord(found[0]) - 0xE000]))


def _lines(text: str) -> str:
    return "<p>" + str(escape(text)).replace("\n", "<br>") + "</p>"


def _textile_cost(text: str) -> int:
    """What the library needs at worst, fitted to the slowest of some 50,000 hostile paragraphs."""
    size, marks = len(text), len(_MARK.findall(text))
    return 4000 + size * (5 + marks + size // 30)
