"""HTML from anywhere made safe to show: an allow-list, then every tag written anew, `#123` and addresses linked."""

import re
from functools import lru_cache
from html.parser import HTMLParser
from itertools import groupby
from typing import NamedTuple

import nh3
from markupsafe import Markup, escape

from helpdesk.tasks.markup.autolinks import found_in, leads_somewhere

_BARE = """b blockquote br caption cite code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i ins kbd li p pre q s samp
    small strong sub sup table tbody tfoot thead tr u ul var"""
ALLOWED: dict[str, set[str]] = {
    **{tag: set() for tag in _BARE.split()},
    "li": {"value"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"alt", "height", "src", "title", "width"},  # none reaches the page: `Picture`
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
DROPPED = {"iframe", "math", "noscript", "script", "style", "svg", "template", "title", "xml"}  # with their content
_SCHEMES = {"http", "https", "ftp", "ftps", "sftp", "mailto"}
# Left out, "*" would allow lang and title everywhere.
_KEPT = {"*": set(), **ALLOWED, "img": ALLOWED["img"] - {"src"} | {"data-src"}}
_SOURCE = re.compile(r'(<img(?: [a-z]+="[^"<]*+")*?) src="')  # as all our readers write it
_SCRIPT = re.compile(r"(?<!\s)\s*+(?:java|vb)script:.*", re.I | re.S)  # tells nobody of a picture
_REL = "noopener noreferrer nofollow"
_HEADINGS = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6"}  # h1 and h2 are the page's own
_QUIET = {"a", "code", "pre"}  # no links are made inside
_HREF = re.compile(r"https?://|s?ftps?://|mailto:|/(?![/\\])|#", re.I)
_NUMBER = re.compile(r"[1-9][0-9]{0,2}")
_ORDINAL = re.compile(r"[0-9]{1,9}")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*+\n)++")
_SIDE = re.compile(r"\s*([0-9]{1,4})(?:\.[0-9]{1,9})?(?:px)?\s*", re.I)
_LINKS = nh3.Cleaner(tags={"a"}, attributes={"a": {"href"}}, url_schemes=_SCHEMES, link_rel=None)


class Picture(NamedTuple):
    """A picture named in a text; what is shown for it depends on the task's files.

    `in_link` says that it stands in a link. Sides are in points, 0 when the text says nothing of them.
    """

    src: str
    alt: str
    title: str
    width: int
    height: int
    in_link: bool


Piece = str | int | Picture


def sanitised(html: str) -> str:
    """Return `html` reduced to the allow-list.

    The source of a picture goes where no address is checked: people are told it, whatever it is, and nothing loads it.
    """
    clean = nh3.clean(
        _SOURCE.sub(r'\1 data-src="', html),
        tags=set(ALLOWED),
        clean_content_tags=DROPPED,
        attributes=_KEPT,
        url_schemes=_SCHEMES,
        link_rel=_REL,
    )
    return clean.replace("<p></p>", "")


@lru_cache(maxsize=1_024)
def may_lead_to(address: str) -> bool:
    """Whether a link to it keeps its address, which of `http://server:port/` the allow-list drops."""
    return leads_somewhere(address) and "href" in _LINKS.clean(f'<a href="{escape(address)}">')


def finished(html: str) -> tuple[Piece, ...]:
    """Sanitised HTML in pieces: text to show as it is, between them the numbers of the tasks and the pictures named."""
    finisher = _Finisher()
    finisher.feed(html)
    finisher.close()
    runs = [list(run) for _, run in groupby(finisher.pieces, key=type)]
    return tuple(p for run in runs for p in (["".join(map(str, run))] if isinstance(run[0], str) else run))


class _Finisher(HTMLParser):
    """Writes sanitised HTML anew from what it understood of it, with links in the text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Piece] = []
        self.quiet = self.links = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.pieces.append(_picture(dict(attrs), self.links > 0))
        elif tag in ALLOWED:
            self.quiet += tag in _QUIET
            self.links += tag == "a"
            attributes = "".join(
                _attribute(name, value or "") for name, value in attrs if name in ALLOWED[tag] or name == "rel"
            )
            self.pieces.append(f"<{_HEADINGS.get(tag, tag)}{attributes}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in ALLOWED:
            self.quiet -= tag in _QUIET
            self.links -= tag == "a"
            self.pieces.append(f"</{_HEADINGS.get(tag, tag)}>")

    def handle_data(self, data: str) -> None:
        end = 0
        for found in () if self.quiet else found_in(data):
            self.pieces.append(str(escape(data[end : found.start])))
            shown = data[found.start : found.end]
            self.pieces.append(found.task or anchor(found.href, shown, f' rel="{_REL}"'))
            end = found.end
        self.pieces.append(str(escape(data[end:])))


def _picture(attributes: dict[str, str | None], in_link: bool) -> Picture:
    keys = ("data-src", "alt", "title", "width", "height")
    src, alt, title, width, height = (attributes.get(key) or "" for key in keys)
    src = _SCRIPT.sub("", src)
    return Picture(src.strip(), alt.strip(), title.strip(), _side(width), _side(height), in_link)


def _side(value: str) -> int:
    """A side in points; 0 for what is none, a part of a hundred among it."""
    found = _SIDE.fullmatch(value)
    return int(found[1]) if found else 0


def _attribute(name: str, value: str) -> str:
    """The attribute as it may be written, or nothing: links to elsewhere must say so with http(s)."""
    if name == "href":
        value = re.sub(r"[\t\n\r]", "", value).strip()  # as a browser does before it looks
        allowed = _HREF.match(value) is not None
    else:
        number = _ORDINAL if name in {"start", "value"} else _NUMBER
        allowed = name in {"alt", "rel", "title"} or number.fullmatch(value) is not None
    return f' {name}="{escape(value)}"' if allowed else ""


def as_typed(text: str) -> str:
    """The text without any markup, its lines kept."""
    return f"<pre>{escape(text)}</pre>"


def paragraphs(text: str) -> str:
    """The text as it reads without any markup: its paragraphs and lines."""
    shown = (escape(part.strip()).replace("\n", Markup("<br>")) for part in _BLANK_LINES.split(text) if part.strip())
    return "".join(f"<p>{each}</p>" for each in shown)


def outward(address: str, text: str) -> str:
    """A link to elsewhere, which is not told where it came from."""
    return anchor(address, text, f' rel="{_REL}"')


def anchor(address: str, text: str, attributes: str = "") -> str:
    return f'<a href="{escape(address)}"{attributes}>{escape(text)}</a>'
