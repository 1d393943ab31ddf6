"""HTML from anywhere made safe to show: an allow-list, then every tag written anew, `#123` and addresses linked."""

import re
from html.parser import HTMLParser
from itertools import groupby

import nh3
from markupsafe import escape

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
_URL_OR_TASK = re.compile(r"""\b(https?://[^\s<>"']*[^\s<>"'.,;:!?)\]}»])|(?<![\w&;/\#])\#([1-9]\d{0,8})(?!\w)""", re.I)
_HREF = re.compile(r"https?://|mailto:|/(?![/\\])|[?#]|[^:/\\?#]+(?:[/?#]|$)", re.I)
_NUMBER = re.compile(r"[1-9][0-9]{0,2}")


def sanitised(html: str) -> str:
    """What the allow-list leaves of `html`."""
    clean = nh3.clean(
        html,
        tags=set(ALLOWED),
        clean_content_tags=_DROPPED,
        attributes={"*": set(), **ALLOWED},  # left out, "*" would allow lang and title everywhere
        url_schemes={"http", "https", "mailto"},
        link_rel=_REL,
    )
    return clean.replace("<p></p>", "")


def finished(html: str) -> tuple[str | int, ...]:
    """Sanitised HTML in pieces: text to show as it is, and between them the numbers of the tasks named in it."""
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
            self.pieces.append(int(number) if number else anchor(url, url, f' rel="{_REL}"'))
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


def as_typed(text: str) -> str:
    """The text without any markup, its lines kept."""
    return f"<pre>{escape(text)}</pre>"


def anchor(address: str, text: str, attributes: str = "") -> str:
    return f'<a href="{escape(address)}"{attributes}>{escape(text)}</a>'
