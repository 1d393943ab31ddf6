"""Render descriptions and comments as safe HTML.

Anybody who can send a mail to the backend may have written the text, so nothing in it is trusted: a parser turns the
markup into HTML, nh3 reduces it to an allow-list, and one more pass rewrites every tag and links `#123`.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from markupsafe import Markup, escape

from helpdesk.tasks.markup import html_source, inline_images, markdown, text_parts, textile
from helpdesk.tasks.markup.page_links import PageLink
from helpdesk.tasks.model import TextFormat
from helpdesk.tasks.safe_html import Picture, Piece, paragraphs, sanitize, to_pieces
from helpdesk.tasks.safe_html import link as html_link

LIMITS: dict[TextFormat, int] = {"textile": 65_536, "markdown": 24_576, "html": 65_536}  # characters of input
MAX_CLEAN = 300_000  # characters of sanitized HTML: unclosed tags multiply the output
MARKDOWN_BUDGET = 200_000  # units of markdown.cost, about 1 us each
CACHE_SIZE = 512  # texts: about 50 task pages with ten comments each
LONGEST_PLAIN = 2_048  # characters of a text that is shown without its markup, to save time
REFERENCES: dict[TextFormat, str] = {"textile": "!$!", "markdown": "![]($)", "html": '<img src="$">'}
"""The markup of a picture, whose name replaces the `$`."""

_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")


class Resolver(NamedTuple):
    """Resolves, for one viewer and one task, the address of `#123`, and the HTML of a picture and of a link to a
    knowledge page; without `page` there are no such links."""

    link: Callable[[int], str]
    picture: Callable[[Picture], str]
    page: Callable[[PageLink], str] | None = None


class Part(NamedTuple):
    """A part of a text as HTML; `more` is the number of the next part, None after the last."""

    html: Markup
    more: int | None = None


def render(
    text: str,
    format: TextFormat,
    link: Callable[[int], str],
    picture: Callable[[Picture], str] = inline_images.named,
) -> Markup:
    """Return the text as safe HTML, or its first part if it is longer than LIMITS.

    `#123` and bare addresses are links. Never raises, whatever the text. Costs less than about 0.5 s of CPU: hostile
    repetitions in all three formats stay below that within LIMITS and the budgets. A text that exceeds those is shown
    in paragraphs without its markup. Results are cached for the CACHE_SIZE parts used last (at worst some 0.5 MB each,
    usually a few KB).

    The result looks as in Redmine, except that headings start at h3, and that no word is dropped where Redmine or a
    parser would drop it.
    """
    return beginning(text, format, Resolver(link, picture)).html


def beginning(text: str, format: TextFormat, resolver: Resolver) -> Part:
    """Return the first part of a text, as `render` does."""
    return next(parts(text, format, resolver), Part(Markup("")))


def parts(text: str, format: TextFormat, resolver: Resolver, first: int = 0) -> Iterator[Part]:
    """Yield the parts of a text from number `first` on, on demand."""
    left = islice(_parts(text, format), first, None)
    part, number = next(left, None), first
    while part is not None:
        after, number = next(left, None), number + 1
        pieces = _pieces(part, format, resolver.page is not None)
        yield Part(_assembled(pieces, resolver), None if after is None else number)
        part = after


def plain(text: str, format: TextFormat, resolver: Resolver) -> Part:
    """Return the beginning of a text in paragraphs without its markup; this takes some 10 ms at most."""
    start = (
        next(html_source.parts(text, LONGEST_PLAIN, LONGEST_PLAIN), "") if format == "html" else text[:LONGEST_PLAIN]
    )
    return Part(_assembled(to_pieces(paragraphs(_showable(_without_markup(start, format)))), resolver), 0)


def _assembled(pieces: tuple[Piece, ...], resolver: Resolver) -> Markup:
    return Markup("".join(piece if isinstance(piece, str) else _filled(piece, resolver) for piece in pieces))


def _filled(piece: int | Picture | PageLink, resolver: Resolver) -> str:
    if isinstance(piece, PageLink):
        return resolver.page(piece) if resolver.page else str(escape(piece.typed))
    return resolver.picture(piece) if isinstance(piece, Picture) else html_link(resolver.link(piece), f"#{piece}")


def _parts(text: str, format: TextFormat) -> Iterator[str]:
    """Return the text, or its parts if it is too long."""
    limit = LIMITS[format]
    text = text_parts.without_data(text)
    if len(text) <= limit:
        return iter((text,))
    if format == "html":
        return html_source.parts(text, limit)
    continued = text_parts.in_markdown if format == "markdown" else text_parts.in_textile
    return text_parts.parts(text, limit, continued)


@lru_cache(maxsize=CACHE_SIZE)
def _pieces(part: str, format: TextFormat, has_pages: bool) -> tuple[Piece, ...]:
    """Return HTML with all that `Resolver` resolves left open, so that the cache does not depend on the viewer."""
    text = _showable(part)
    clean = _UNSHOWABLE.sub("\ufffd", sanitize(_READERS[format](text)))  # some were entities before
    return to_pieces(clean if len(clean) <= MAX_CLEAN else paragraphs(_without_markup(text, format)), has_pages)


def _showable(text: str) -> str:
    return _UNSHOWABLE.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n")


def _without_markup(text: str, format: TextFormat) -> str:
    """Return the text to read without markup; Textile and Markdown, made to be read, are left as they are."""
    return html_source.text_of(text) if format == "html" else text


_MARKDOWN = markdown.parser()


def _from_markdown(text: str) -> str:
    return _MARKDOWN.render(text) if markdown.cost(text) <= MARKDOWN_BUDGET else paragraphs(text)


_READERS: dict[TextFormat, Callable[[str], str]] = {
    "textile": textile.html_of,
    "markdown": _from_markdown,
    "html": html_source.without_ballast,
}
