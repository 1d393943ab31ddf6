"""Remove the invisible ballast of a mail's HTML, and split it into parts of bounded size.

Half of a mail's source, and often nearly all of it, is styles, comments for Outlook and pictures in base64. They are
skipped by plain searches before any limit is applied, and every tag is rewritten with the few attributes that are
shown. This makes nothing safe: `safe_html` does that, with a real parser.

Text that a browser would swallow because an end is missing (`<!--`, `<style>`, an unclosed tag) is kept. Each character
is read a bounded number of times, whatever the text: a search without a result is not repeated, and neither is the
reading of a tag that turned out to be none.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from helpdesk.tasks.markup import stray_tags
from helpdesk.tasks.safe_html import ALLOWED, DROPPED
from helpdesk.texts import unescaped

LONGEST_VALUE = 4_096  # characters of an attribute
MOST_ATTRIBUTES = 1_000
MOST_TOKENS = 30_000  # in one part, some 5 us each
DEEPEST = 120  # nested elements; more change nothing for browsers and readers
LONGEST_PIECE = 1_024  # characters of text that are split only at a blank, if there is one
SEARCHED = 131_072  # characters in one call of a pattern, which lets no other thread run

_BLOCKS = "blockquote caption dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre table tbody tfoot thead tr ul"
_DIV_LIKE = """address article aside center details dir fieldset figcaption figure footer form header main menu
    nav section summary"""
BLOCKS = frozenset(_BLOCKS.split())
_BOUNDARIES = BLOCKS | {"br"}
_BLOCKS_BUT_P = BLOCKS - {"p"}
_AS_DIV = frozenset(_DIV_LIKE.split())
_VOID = frozenset({"br", "hr", "img"})
_HIDDEN = {name: re.compile(rf"</{name}(?![\w-])", re.I) for name in (*DROPPED, "head")}
_IGNORED = stray_tags.ELEMENTS - ALLOWED.keys() - _AS_DIV - _HIDDEN.keys()
_SELF_CLOSING = frozenset({"math", "svg", "xml"})
_CELLS = frozenset({"td", "th"})
_ENDS: dict[str, frozenset[str]] = {  # the unclosed elements that a tag ends
    **dict.fromkeys(BLOCKS, frozenset({"p"})),
    "dd": frozenset({"dd", "dt", "p"}),
    "dt": frozenset({"dd", "dt", "p"}),
    "li": frozenset({"li", "p"}),
    "td": _CELLS,
    "th": _CELLS,
    "tr": _CELLS | {"tr"},
}
_AROUND: dict[str, frozenset[str]] = {  # and the element that bounds this
    "li": frozenset({"ol", "ul"}),
    **dict.fromkeys(("dd", "dt"), frozenset({"dl"})),
    **dict.fromkeys(("td", "th", "tr"), frozenset({"table"})),
}
_NAME = re.compile(r"<(/?)([a-zA-Z][\w:-]{0,60})(?=[\s/>])")
_STEP = re.compile(r"""([^<>=]*+)(?:([<>])|=\s*+(?:(["'])|([^\s<>]*+)))""")
_SIDE = re.compile(r"(?:^|[;\s])(width|height)\s*+:\s*+([0-9]{1,4})(?:\.[0-9]*+)?px", re.I)
_DATA = re.compile(r"\s*+(data:[\w/+.-]{0,60})", re.I)


class Token(NamedTuple):
    """A rewritten tag or piece of text; `name` is the tag's, empty for text."""

    html: str
    name: str = ""
    closes: bool = False

    @property
    def ends_a_word(self) -> bool:
        return not self.name and self.html[-1:].isspace()


NOTHING = Token("", "!")
# Tags without attributes that are shown, most of a mail's tags. The others are None here.
_PLAIN = re.compile(_NAME.pattern + r"""(?:[^<>"'=]++|=\s*+(?:"[^"<>]*+"|'[^'<>]*+'|[^\s<>"']*+))*+>""")
_PLAIN_TAGS: dict[tuple[str, str], Token | None] = {
    **{("", name): Token(f"<{name}>", name) for name in ALLOWED},
    **{("", name): Token("<div>", "div") for name in _AS_DIV},
    **{("/", name): Token(f"</{name}>", name, closes=True) for name in ALLOWED},
    **{("/", name): Token("</div>", "div", closes=True) for name in _AS_DIV},
    **{(end, name): NOTHING for name in _IGNORED for end in ("", "/")},
    **{("", name): None for name in (*_HIDDEN, *(name for name, attributes in ALLOWED.items() if attributes))},
}


def without_ballast(html: str) -> str:
    """Return all of it that may be shown."""
    return "".join(parts(html, len(html) * 8, len(html)))


def text_of(html: str) -> str:
    """Return its text, with a line for each block."""
    return unescaped("".join("\n" if token.name in _BOUNDARIES else _text(token) for token in _tokens(html)))


def parts(html: str, limit: int, most: int = MOST_TOKENS) -> Iterator[str]:
    """Yield the allowed HTML in parts of about `limit` characters, on demand.

    A part ends before a block if there is one in its second half, else between two words. Elements that are open there
    are opened again in the next part. Parts without visible content are empty, except that the last is left out.
    """
    out: list[str] = []
    opened: list[str] = []
    size = cost = 0
    cuts: dict[str, tuple[int, tuple[str, ...]]] = {}  # by kind: where the part may end, and the elements open there
    for token in _tokens(html):
        cost += 1
        if (out and size + len(token.html) > limit) or cost > most:
            count, reopened = cuts.get("block") or cuts.get("word") or (len(out), tuple(opened))
            yield _visible(out[:count])
            out = [*(f"<{name}>" for name in reopened), *out[count:]]
            size, cost, cuts = sum(map(len, out)), len(out), {}
        if not _fits(opened, token):
            continue
        if size > limit // 2 and (token.name in _BOUNDARIES or token.ends_a_word):
            begins = token.name and not token.closes and token.name not in _VOID
            cuts["block" if token.name else "word"] = (len(out) if begins else len(out) + 1, tuple(opened))
        if token.name and not token.closes and token.name not in _VOID:
            opened.append(token.name)
        out.append(token.html)
        size += len(token.html)
    if part := _visible(out):
        yield part


def _visible(out: list[str]) -> str:
    """Return the part, or nothing if all of it is tags and blanks."""
    contents = (each.startswith("<img") or (each[:1] != "<" and each.replace("&nbsp;", "").strip()) for each in out)
    return "".join(out) if any(contents) else ""


def _fits(opened: list[str], token: Token) -> bool:
    """Update the open elements for a token; return False for a tag that has no effect there."""
    name = token.name
    if not name or not token.html:
        return bool(token.html)
    if token.closes:
        return _close(opened, name)
    if name in _ENDS:
        _end_implied(opened, _ENDS[name], _AROUND.get(name, _BLOCKS_BUT_P))
    return name in _VOID or len(opened) < DEEPEST


def _close(opened: list[str], name: str) -> bool:
    """Close the innermost element of that name; a block with everything in it."""
    for index in range(len(opened) - 1, -1, -1):
        if opened[index] == name:
            del opened[index : None if name in BLOCKS or name in _CELLS else index + 1]
            return True
    return False


def _end_implied(opened: list[str], names: frozenset[str], around: frozenset[str]) -> None:
    """Close the outermost of these that is open within `around`, with everything in it."""
    outermost = len(opened)
    for index in range(len(opened) - 1, -1, -1):
        if opened[index] in around:
            break
        if opened[index] in names:
            outermost = index
    del opened[outermost:]


def _text(token: Token) -> str:
    return "" if token.name else token.html


def _tokens(html: str) -> Iterator[Token]:
    at, missing = 0, set[str]()
    while at < len(html):
        start = html.find("<", at)
        yield from _pieces(html, at, start if start >= 0 else len(html))
        if start < 0:
            return
        at, token = _markup(html, start, missing)
        if token is None:
            yield from _pieces(html, start, at)
        else:
            yield token


def _pieces(html: str, at: int, end: int) -> Iterator[Token]:
    """Split text into short pieces, at a blank if possible and never within an entity."""
    while at < end:
        piece = html[at : min(end, at + LONGEST_PIECE)]
        if at + len(piece) < end:
            blank, entity = max(map(piece.rfind, " \n\t\xa0")), piece.rfind("&", -12)
            piece = piece[: blank + 1 if blank >= 0 else entity if entity > 0 else len(piece)]
        yield Token(piece.replace("<", "&lt;"))
        at += len(piece)


def _markup(html: str, start: int, missing: set[str]) -> tuple[int, Token | None]:
    """Return the end of the markup that begins with the `<` at `start`, and its token; None when it is text."""
    if html.startswith("<!--", start):
        end = _end(html, "-->", start + 2, missing)
        return (end, NOTHING) if end else (start + 4, None)
    if stray_tags.is_stray(html, start, SEARCHED):
        return start + 1, None
    if (plain := _PLAIN.match(html, start, start + LONGEST_VALUE)) and (
        token := _PLAIN_TAGS.get((plain[1], plain[2].lower()))
    ):
        return plain.end(), token
    if name := _NAME.match(html, start):
        return _tag(html, name, missing)
    if html[start + 1 : start + 2] in ("!", "?") and (end := _end(html, ">", start, missing)):
        return end, NOTHING
    return start + 1, None


def _tag(html: str, head: re.Match[str], missing: set[str]) -> tuple[int, Token | None]:
    name, attributes, at = head[2].lower(), dict[str, str](), head.end()
    wanted = ALLOWED.get(name, set()) | ({"style"} if name == "img" else set())
    for _ in range(MOST_ATTRIBUTES):
        step = _STEP.match(html, at, at + SEARCHED)
        if step is None or step[2] == "<":
            return (step.start(2) if step else min(len(html), at + SEARCHED)), None
        at = step.end()
        if step[2]:
            return _whole_tag(html, at, Token("", name, bool(head[1])), attributes, missing)
        close = _end(html, step[3], at, missing) if step[3] else None
        key = "".join(step[1].replace("/", " ").split()[-1:]).lower()
        if key in wanted:
            attributes.setdefault(key, html[at : min(close - 1, at + LONGEST_VALUE + 1)] if close else step[4] or "")
        at = close or at
    return at, None


def _whole_tag(
    html: str, end: int, tag: Token, attributes: dict[str, str], missing: set[str]
) -> tuple[int, Token | None]:
    """Return the end and the rewritten tag; a hidden element ends with its closing tag, and is text without one."""
    if tag.name in _HIDDEN and not tag.closes:
        if tag.name in _SELF_CLOSING and html.startswith("/>", end - 2):
            return end, NOTHING
        close = _end_of_hidden(html, tag.name, end, missing)
        return (close, NOTHING) if close else (end, None)
    name = "div" if tag.name in _AS_DIV else tag.name
    if name not in ALLOWED:
        return end, NOTHING
    if tag.closes:
        return end, Token(f"</{name}>", name, closes=True)
    return end, Token(f"<{name}{''.join(_attributes(attributes))}>", name)


def _attributes(attributes: dict[str, str]) -> Iterator[str]:
    """Return the rewritten attributes: of a style the size alone, of data the media type alone."""
    attributes |= {side.lower(): size for side, size in _SIDE.findall(attributes.pop("style", ""))}
    for key, value in attributes.items():
        data = _DATA.match(value) if key in ("href", "src") else None
        text = data[1] if data else value
        if len(text) <= LONGEST_VALUE:
            yield ' {}="{}"'.format(key, text.replace('"', "&quot;").replace("<", "&lt;"))


def _end(html: str, mark: str, at: int, missing: set[str]) -> int | None:
    """Return the end of the next `mark`; None if there is none, which is remembered."""
    start = -1 if mark in missing else html.find(mark, at)
    if start < 0:
        missing.add(mark)
        return None
    return start + len(mark)


def _end_of_hidden(html: str, name: str, at: int, missing: set[str]) -> int | None:
    """Return the start of the element's closing tag, which then has no opening one; None if there is none."""
    while name not in missing:
        if end := _HIDDEN[name].search(html, at, at + SEARCHED):
            return end.start()
        if at + SEARCHED >= len(html):
            missing.add(name)
        at += SEARCHED - LONGEST_PIECE
    return None
