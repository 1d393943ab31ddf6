"""Descriptions and comments as HTML that is safe to show.

The text is written by anybody who can send a mail to the tracker, so nothing in it is trusted: a library turns the
markup into HTML, nh3 keeps an allow-list of that, and one pass over the rest writes every tag anew and links `#123`.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from html.parser import HTMLParser
from itertools import groupby, pairwise
from typing import Any, Literal

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from textile import Textile

Format = Literal["textile", "markdown", "html"]

LIMITS: dict[Format, int] = {"textile": 65_536, "markdown": 24_576, "html": 65_536}  # characters of input
MAX_CLEAN = 300_000  # characters of sanitised HTML: unclosed tags multiply what comes out
TEXTILE_BUDGET = 3_000_000  # units of _textile_cost, about 0.1 us each
MARKDOWN_BUDGET = 200_000  # units of _markdown_cost, about 1 us each
CACHE_SIZE = 512  # texts: about 50 task pages with ten comments each

_BARE = """b blockquote br caption cite code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i ins kbd li p pre q s samp
    small strong sub sup table tbody tfoot thead tr u ul var"""
ALLOWED: dict[str, set[str]] = {
    **{tag: set() for tag in _BARE.split()},
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"alt"},  # only the alternative text reaches the page
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_DROPPED = {"iframe", "math", "noscript", "script", "style", "svg", "template", "title"}  # with their content
_REL = "noopener noreferrer nofollow"
_HEADINGS = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6"}  # h1 and h2 are the page's own
_QUIET = {"a", "code", "pre"}  # no links are made inside
_UNSHOWABLE = re.compile("[\x00\ud800-\udfff]")
_URL_OR_TASK = re.compile(r"""\b(https?://[^\s<>"']*[^\s<>"'.,;:!?)\]}»])|(?<![\w&;/\#])\#([1-9]\d{0,8})(?!\w)""", re.I)
_HREF = re.compile(r"https?://|mailto:|/(?![/\\])|[?#]|[^:/\\?#]+(?:[/?#]|$)", re.I)
_NUMBER = re.compile(r"[1-9][0-9]{0,2}")


def render(text: str, format: Format, link: Callable[[int], str]) -> Markup:
    """The text as safe HTML in which `#123` leads to `link(123)` and bare http(s) addresses are links.

    Never raises, whatever the text. Costs less than about 0.5 s of CPU: hostile repetitions in all three formats
    stay below that within LIMITS and the budgets. What exceeds them is shown as it was written: a textile
    paragraph without its markup, anything else in one `<pre>`. Results are cached for the CACHE_SIZE texts used
    last (at worst some 0.5 MB each, usually a few KB).

    Shown like Redmine shows it, except that pictures give way to their alternative text, headings start at h3,
    and textile's footnotes, definition lists and typographic quotes stay as typed.
    """
    pieces = _pieces(text, format)
    return Markup("".join(p if isinstance(p, str) else _anchor(link(p), f"#{p}") for p in pieces))


@lru_cache(maxsize=CACHE_SIZE)
def _pieces(text: str, format: Format) -> tuple[str | int, ...]:
    """HTML with the numbers of the tasks named in it, so that the cache does not depend on who links them."""
    text = _UNSHOWABLE.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > LIMITS[format]:
        return (_as_typed(text),)
    clean = _sanitised(_READERS[format](text))
    return _finished(clean) if len(clean) <= MAX_CLEAN else (_as_typed(text),)


def _as_typed(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def _anchor(address: str, text: str, attributes: str = "") -> str:
    return f'<a href="{escape(address)}"{attributes}>{escape(text)}</a>'


# Textile


def _from_textile(text: str) -> str:
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
                yield _as_typed(_PRE_CODE.sub("", part))
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
_HIDE = {ord(c): 0xE000 + _OWN.index(c) for c in "<>&"}
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


# Markdown and HTML

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
_LEAD = re.compile(r"[\s>*+\-\d.)]*")
_FORMATTING = re.compile(r"<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/])", re.I)


def _from_markdown(text: str) -> str:
    return _MARKDOWN.render(text) if _markdown_cost(text) <= MARKDOWN_BUDGET else _as_typed(text)


def _markdown_cost(text: str) -> int:
    """Quadratic things: rows padded to the width of a table; lines looked through anew by a quote or a reference."""
    lines = text.split("\n")
    depths = [lead[0].count(">") for lead in map(_LEAD.match, lines) if lead]
    quotes = sum(after > before for before, after in pairwise([0, *depths]))
    return len(lines) * (10 * max(line.count("|") for line in lines) + quotes + text.count("]:"))


def _from_html(text: str) -> str:
    """Takes the attributes from tags like `<b>`.

    An HTML parser opens such tags again in every paragraph while they are not closed, any number of them when
    their attributes differ: 32 KB would become 40 MB. A `<wbr>` takes the attributes over and is dropped later.
    """
    return _FORMATTING.sub(r"<\1><wbr", text)


_READERS: dict[Format, Callable[[str], str]] = {
    "textile": _from_textile,
    "markdown": _from_markdown,
    "html": _from_html,
}


# Safe HTML


def _sanitised(html: str) -> str:
    clean = nh3.clean(
        html,
        tags=set(ALLOWED),
        clean_content_tags=_DROPPED,
        attributes={"*": set(), **ALLOWED},  # left out, "*" would allow lang and title everywhere
        url_schemes={"http", "https", "mailto"},
        link_rel=_REL,
    )
    return clean.replace("<p></p>", "")


def _finished(html: str) -> tuple[str | int, ...]:
    finisher = _Finisher()
    finisher.feed(html)
    finisher.close()
    runs = [list(run) for _, run in groupby(finisher.pieces, key=type)]
    return tuple(p for run in runs for p in (run if isinstance(run[0], int) else ["".join(map(str, run))]))


class _Finisher(HTMLParser):
    """Writes sanitised HTML anew from what it understood of it, with links in the text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str | int] = []
        self.quiet = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.handle_data(dict(attrs).get("alt") or "")
        elif tag in ALLOWED:
            self.quiet += tag in _QUIET
            kept = "".join(
                _attribute(name, value or "") for name, value in attrs if name in ALLOWED[tag] or name == "rel"
            )
            self.pieces.append(f"<{_HEADINGS.get(tag, tag)}{kept}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in ALLOWED:
            self.quiet -= tag in _QUIET
            self.pieces.append(f"</{_HEADINGS.get(tag, tag)}>")

    def handle_data(self, data: str) -> None:
        end = 0
        for found in () if self.quiet else _URL_OR_TASK.finditer(data):
            url, number = found.groups()
            self.pieces.append(str(escape(data[end : found.start()])))
            self.pieces.append(int(number) if number else _anchor(url, url, f' rel="{_REL}"'))
            end = found.end()
        self.pieces.append(str(escape(data[end:])))


def _attribute(name: str, value: str) -> str:
    """The attribute as it may be written, or nothing: links to elsewhere must say so with http(s)."""
    if name == "href":
        value = re.sub(r"[\t\n\r]", "", value).strip()  # as a browser does before it looks
        allowed = _HREF.match(value) is not None
    else:
        allowed = name in {"alt", "rel", "title"} or _NUMBER.fullmatch(value) is not None
    return f' {name}="{escape(value)}"' if allowed else ""
