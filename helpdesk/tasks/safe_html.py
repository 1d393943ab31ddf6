"""Make HTML from anywhere safe to show: reduce it to an allow-list, rewrite every tag, link `#123` and addresses."""

import re
from functools import lru_cache
from html.parser import HTMLParser
from itertools import groupby
from typing import NamedTuple

import nh3
from markupsafe import Markup, escape

from helpdesk.tasks.markup import page_links
from helpdesk.tasks.markup.autolinks import find_links, is_link_target
from helpdesk.tasks.markup.page_links import PageLink

_BARE = """b blockquote br caption cite code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i ins kbd li p pre q s samp
    small strong sub sup table tbody tfoot thead tr u ul var"""
ALLOWED: dict[str, set[str]] = {
    **{tag: set() for tag in _BARE.split()},
    "li": {"value"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"alt", "height", "src", "title", "width"},  # these become `Picture`
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
DROPPED = {"iframe", "math", "noscript", "script", "style", "svg", "template", "title", "xml"}  # with their content
_SCHEMES = {"http", "https", "ftp", "ftps", "sftp", "mailto"}
# Without it, "*" would allow lang and title everywhere.
_ATTRIBUTES = {"*": set(), **ALLOWED, "img": ALLOWED["img"] - {"src"} | {"data-src"}}
_SOURCE = re.compile(r'(<img(?: [a-z]+="[^"<]*+")*?) src="')  # as all our readers write it
_SCRIPT = re.compile(r"(?<!\s)\s*+(?:java|vb)script:.*", re.I | re.S)  # says nothing about a picture
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
    """A picture that a text refers to; the task's files decide how it is shown.

    `in_link`: it is inside a link. Sides are in pixels, 0 when the text gives none.
    """

    src: str
    alt: str
    title: str
    width: int
    height: int
    in_link: bool


Piece = str | int | Picture | PageLink


def sanitize(html: str) -> str:
    """Reduce `html` to the allow-list.

    The source of a picture moves to an attribute that is not checked: it is shown as text, and nothing loads it.
    """
    clean = nh3.clean(
        _SOURCE.sub(r'\1 data-src="', html),
        tags=set(ALLOWED),
        clean_content_tags=DROPPED,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel=_REL,
    )
    return clean.replace("<p></p>", "")


@lru_cache(maxsize=1_024)
def is_allowed_href(address: str) -> bool:
    """Return whether the allow-list keeps a link to this address, unlike `http://server:port/`."""
    return is_link_target(address) and "href" in _LINKS.clean(f'<a href="{escape(address)}">')


def to_pieces(html: str, has_pages: bool = False) -> tuple[Piece, ...]:
    """Split sanitized HTML into final HTML, numbers of tasks, pictures and, if asked for, links to knowledge pages."""
    rewriter = _Rewriter(has_pages)
    rewriter.feed(html)
    rewriter.close()
    runs = [list(run) for _, run in groupby(rewriter.pieces, key=type)]
    return tuple(p for run in runs for p in (["".join(map(str, run))] if isinstance(run[0], str) else run))


class _Rewriter(HTMLParser):
    """Rewrites sanitized HTML from its parsed tags, with links in the text."""

    def __init__(self, has_pages: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.has_pages = has_pages
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
        for match in page_links.LINK.finditer(data) if self.has_pages and not self.quiet else ():
            self._text(data[end : match.start()])
            self.pieces.append(page_links.read(match))
            end = match.end()
        self._text(data[end:])

    def _text(self, data: str) -> None:
        end = 0
        for each in () if self.quiet else find_links(data):
            self.pieces.append(str(escape(data[end : each.start])))
            text = data[each.start : each.end]
            self.pieces.append(each.task or external_link(each.href, text))
            end = each.end
        self.pieces.append(str(escape(data[end:])))


def _picture(attributes: dict[str, str | None], in_link: bool) -> Picture:
    keys = ("data-src", "alt", "title", "width", "height")
    src, alt, title, width, height = (attributes.get(key) or "" for key in keys)
    src = _SCRIPT.sub("", src)
    return Picture(src.strip(), alt.strip(), title.strip(), _side(width), _side(height), in_link)


def _side(value: str) -> int:
    """Return a side in pixels; 0 for anything else, such as a percentage."""
    side = _SIDE.fullmatch(value)
    return int(side[1]) if side else 0


def _attribute(name: str, value: str) -> str:
    """Return the attribute if it is allowed, or nothing: links to other sites must begin with http(s)."""
    if name == "href":
        value = re.sub(r"[\t\n\r]", "", value).strip()  # as a browser does first
        allowed = _HREF.match(value) is not None
    else:
        number = _ORDINAL if name in {"start", "value"} else _NUMBER
        allowed = name in {"alt", "rel", "title"} or number.fullmatch(value) is not None
    return f' {name}="{escape(value)}"' if allowed else ""


def preformatted(text: str) -> str:
    """Return the text as it was typed, with its lines."""
    return f"<pre>{escape(text)}</pre>"


def paragraphs(text: str) -> str:
    """Return the text without markup, in paragraphs and lines."""
    parts = (escape(part.strip()).replace("\n", Markup("<br>")) for part in _BLANK_LINES.split(text) if part.strip())
    return "".join(f"<p>{each}</p>" for each in parts)


def external_link(address: str, text: str) -> str:
    """Return a link to another site, which is not told the page that it came from."""
    return link(address, text, f' rel="{_REL}"')


def link(address: str, text: str, attributes: str = "") -> str:
    return f'<a href="{escape(address)}"{attributes}>{escape(text)}</a>'
