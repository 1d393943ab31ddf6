"""Descriptions and comments as HTML that is safe to show.

The text is written by anybody who can send a mail to the tracker, so nothing in it is trusted: a library turns the
markup into HTML, nh3 keeps an allow-list of that, and one pass over the rest writes every tag anew and links `#123`.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

from markdown_it import MarkdownIt
from markupsafe import Markup

from helpdesk.tasks import textile_reader
from helpdesk.tasks.model import TextFormat
from helpdesk.tasks.safe_html import anchor, as_typed, finished, sanitised

LIMITS: dict[TextFormat, int] = {"textile": 65_536, "markdown": 24_576, "html": 65_536}  # characters of input
MAX_CLEAN = 300_000  # characters of sanitised HTML: unclosed tags multiply what comes out
MARKDOWN_BUDGET = 200_000  # units of _markdown_cost, about 1 us each
CACHE_SIZE = 512  # texts: about 50 task pages with ten comments each

_UNSHOWABLE = re.compile("[\x00\ud800-\udfff]")


def render(text: str, format: TextFormat, link: Callable[[int], str]) -> Markup:
    """The text as safe HTML in which `#123` leads to `link(123)` and bare http(s) addresses are links.

    Never raises, whatever the text. Costs less than about 0.5 s of CPU: hostile repetitions in all three formats
    stay below that within LIMITS and the budgets. What exceeds them is shown as it was written: a textile
    paragraph without its markup, anything else in one `<pre>`. Results are cached for the CACHE_SIZE texts used
    last (at worst some 0.5 MB each, usually a few KB).

    Shown like Redmine shows it, except that pictures give way to their alternative text, headings start at h3,
    and textile's footnotes, definition lists and typographic quotes stay as typed.
    """
    pieces = _pieces(text, format)
    return Markup("".join(p if isinstance(p, str) else anchor(link(p), f"#{p}") for p in pieces))


@lru_cache(maxsize=CACHE_SIZE)
def _pieces(text: str, format: TextFormat) -> tuple[str | int, ...]:
    """HTML with the numbers of the tasks named in it, so that the cache does not depend on who links them."""
    text = _UNSHOWABLE.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > LIMITS[format]:
        return (as_typed(text),)
    clean = sanitised(_READERS[format](text))
    return finished(clean) if len(clean) <= MAX_CLEAN else (as_typed(text),)


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
_LEAD = re.compile(r"[\s>*+\-\d.)]*")
_FORMATTING = re.compile(r"<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/])", re.I)


def _from_markdown(text: str) -> str:
    return _MARKDOWN.render(text) if _markdown_cost(text) <= MARKDOWN_BUDGET else as_typed(text)


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


_READERS: dict[TextFormat, Callable[[str], str]] = {
    "textile": textile_reader.html_of,
    "markdown": _from_markdown,
    "html": _from_html,
}
