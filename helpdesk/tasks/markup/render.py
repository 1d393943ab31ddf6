"""Descriptions and comments as HTML that is safe to show.

The text is written by anybody who can send a mail to the tracker, so nothing in it is trusted: a parser turns the
markup into HTML, nh3 keeps an allow-list of that, and one pass over the rest writes every tag anew and links `#123`.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice, pairwise
from typing import NamedTuple

from markupsafe import Markup

from helpdesk.tasks.markup import html_source, inline_images, markdown, text_parts, textile
from helpdesk.tasks.model import TextFormat
from helpdesk.tasks.safe_html import Picture, Piece, anchor, finished, paragraphs, sanitised

LIMITS: dict[TextFormat, int] = {"textile": 65_536, "markdown": 24_576, "html": 65_536}  # characters of input
MAX_CLEAN = 300_000  # characters of sanitised HTML: unclosed tags multiply what comes out
MARKDOWN_BUDGET = 200_000  # units of _markdown_cost, about 1 us each
CACHE_SIZE = 512  # texts: about 50 task pages with ten comments each
LONGEST_PLAIN = 2_048  # characters of a text for which there is no time
REFERENCES: dict[TextFormat, str] = {"textile": "!$!", "markdown": "![]($)", "html": '<img src="$">'}
"""How a text names a picture, whose name takes the place of the `$`."""

_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")


class Look(NamedTuple):
    """What depends on who looks at which task: where `#123` leads to, and what is shown for a picture."""

    link: Callable[[int], str]
    picture: Callable[[Picture], str]


class Part(NamedTuple):
    """Some of a text as HTML; `more` is the number of the part to go on with, None after the last."""

    html: Markup
    more: int | None = None


def render(
    text: str,
    format: TextFormat,
    link: Callable[[int], str],
    picture: Callable[[Picture], str] = inline_images.named,
) -> Markup:
    """The text as safe HTML, or its first part if it is longer than LIMITS.

    In it `#123` and bare addresses are links. Never raises, whatever the text. Costs less than about 0.5 s of CPU:
    hostile repetitions in all three formats stay below that within LIMITS and the budgets. What exceeds those is shown
    in paragraphs without its markup, as it was typed or, of HTML, as it reads. Results are cached for the CACHE_SIZE
    parts used last (at worst some 0.5 MB each, usually a few KB).

    Shown like Redmine shows it, except that headings start at h3, and no word is dropped that Redmine or a parser would
    drop.
    """
    return beginning(text, format, Look(link, picture)).html


def beginning(text: str, format: TextFormat, look: Look) -> Part:
    """The first part of a text, as `render` makes it."""
    return next(parts(text, format, look), Part(Markup("")))


def parts(text: str, format: TextFormat, look: Look, first: int = 0) -> Iterator[Part]:
    """The parts of a text from number `first` on, each as `render` makes the first, as far as they are asked for."""
    found = islice(_parts(text, format), first, None)
    part, number = next(found, None), first
    while part is not None:
        after, number = next(found, None), number + 1
        yield Part(_assembled(_pieces(part, format), look), None if after is None else number)
        part = after


def plain(text: str, format: TextFormat, look: Look) -> Part:
    """The beginning of a text in paragraphs without its markup, when there is no time for more: some 10 ms at most."""
    start = (
        next(html_source.parts(text, LONGEST_PLAIN, LONGEST_PLAIN), "") if format == "html" else text[:LONGEST_PLAIN]
    )
    return Part(_assembled(finished(paragraphs(_shown(_as_read(start, format)))), look), 0)


def _assembled(pieces: tuple[Piece, ...], look: Look) -> Markup:
    return Markup("".join(piece if isinstance(piece, str) else _filled(piece, look) for piece in pieces))


def _filled(piece: int | Picture, look: Look) -> str:
    return look.picture(piece) if isinstance(piece, Picture) else anchor(look.link(piece), f"#{piece}")


def _parts(text: str, format: TextFormat) -> Iterator[str]:
    """The text itself unless it is too long at once."""
    limit = LIMITS[format]
    text = text_parts.without_data(text)
    if len(text) <= limit:
        return iter((text,))
    if format == "html":
        return html_source.parts(text, limit)
    continued = text_parts.in_markdown if format == "markdown" else text_parts.in_textile
    return text_parts.parts(text, limit, continued)


@lru_cache(maxsize=CACHE_SIZE)
def _pieces(part: str, format: TextFormat) -> tuple[Piece, ...]:
    """HTML with what depends on who looks left open between: tasks and pictures. So the cache does not depend on it."""
    text = _shown(part)
    clean = _UNSHOWABLE.sub("\ufffd", sanitised(_READERS[format](text)))  # some stood there as entities
    return finished(clean if len(clean) <= MAX_CLEAN else paragraphs(_as_read(text, format)))


def _shown(text: str) -> str:
    return _UNSHOWABLE.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n")


def _as_read(text: str, format: TextFormat) -> str:
    """What there is to read without any markup; of Textile and Markdown, which are made to be read, all of it."""
    return html_source.text_of(text) if format == "html" else text


_MARKDOWN = markdown.parser()
_LEAD = re.compile(r"[\s>*+\-\d.)]*")


def _from_markdown(text: str) -> str:
    return _MARKDOWN.render(text) if _markdown_cost(text) <= MARKDOWN_BUDGET else paragraphs(text)


def _markdown_cost(text: str) -> int:
    """Quadratic things: rows padded to the width of a table; lines looked through anew by a quote or a reference."""
    lines = text.split("\n")
    depths = [lead[0].count(">") for lead in map(_LEAD.match, lines) if lead]
    quotes = sum(after > before for before, after in pairwise([0, *depths]))
    return len(lines) * (10 * max(line.count("|") for line in lines) + quotes + text.count("]:"))


_READERS: dict[TextFormat, Callable[[str], str]] = {
    "textile": textile.html_of,
    "markdown": _from_markdown,
    "html": html_source.without_ballast,
}
