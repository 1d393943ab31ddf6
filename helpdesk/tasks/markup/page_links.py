"""Find links to knowledge pages in texts: `[[Title]]`, or `[[Title|other words]]`.

Our own texts are shown with such links. In a text for the backend they become links of its markup, since Redmine and
mail know no pages of ours. Parts that may be code stay as they were typed, and so does a link to no page.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from markupsafe import escape

from helpdesk.tasks.model import TextFormat
from helpdesk.texts import unescaped

MOST_LINKS = 100
"""The most titles of one text that are looked up."""

LINK = re.compile(r"(?<![\[!\\])\[\[([^\[\]|\n]{1,100})(?:\|([^\[\]|\n]{1,100}))?\]\](?![(\]])")

_FENCE = re.compile(r"[ \t>*+\d.)-]*+(`{3,}|~{3,})([^\n]*)")
_INDENTED = re.compile(r" {4}| {0,3}\t")
_TICKS = re.compile(r"(`+)")
_MARKS = re.compile(r"([\\`*_<>~])")
_CODE_BLOCK = re.compile(r"(?:bc|pre)\b[^\n.]{0,80}\.")
_AT_CODE = re.compile(r"(@[^@\n]*+@)")
_TAG = re.compile(r"(<!--|-->|</?[a-zA-Z][^<>]*+>|\{\{[^{}\n]*+\}\})")
"""A tag, a side of a comment, or a macro of Redmine."""
_ELEMENT = re.compile(r"<(/?)(a|code|kbd|notextile|pre|script|style)\b", re.I)
_COMMENT = "<!--"
_OUTER_LINK = re.compile(r"(\[(?:[^\[\]]|\[\[[^\[\]]*+\]\])*+\][(\[])")
"""A link of Markdown up to its address: one inside of its words would break it."""
_AFTER_ADDRESS = " \n\t.,;:!?)»"
"""Characters that Textile takes for no part of the address before them; the empty text is in it, too."""
_BLANK_LINES = re.compile(r"(\n[ \t]*+\n)")


class PageLink(NamedTuple):
    """A link to the page with this title; `typed` is the whole of it."""

    title: str
    words: str
    typed: str


Address = Callable[[str], str | None]
"""Returns the address of the page with a title, None if there is no such page for the writer."""


def read(match: re.Match[str]) -> PageLink:
    """Return the link that LINK has found."""
    title = match[1].strip()
    return PageLink(title, (match[2] or "").strip() or title, match[0])


def titles(text: str, format: TextFormat) -> list[str]:
    """Return the titles that a text may link to, each once."""
    found = dict.fromkeys(_title(match[1], format) for match in LINK.finditer(text))
    return list(found)[:MOST_LINKS]


def rewritten(text: str, format: TextFormat, address: Address) -> str:
    """Return a text whose links to pages are links of its markup."""

    def link(match: re.Match[str]) -> str:
        title = _title(match[1], format)
        words = _title(match[2], format) if match[2] else title
        target = address(title)
        if target is None or not words:
            return match[0]
        after = match.string[match.end() : match.end() + 1]
        return _WRITERS[format](words, target) + " " * (format == "textile" and after not in _AFTER_ADDRESS)

    return "".join(LINK.sub(link, part) if is_text else part for is_text, part in _READERS[format](text))


def _title(typed: str, format: TextFormat) -> str:
    return (unescaped(typed) if format == "html" else typed).strip()


def _in_markdown(text: str) -> Iterator[tuple[bool, str]]:
    for is_text, part in _outside_elements(_outside_code(text)):
        for number, piece in enumerate(_OUTER_LINK.split(part) if is_text else [part]):
            yield is_text and number % 2 == 0, piece


def _outside_code(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the parts of a Markdown text, and whether they can't be code. Every indented line may be code here."""
    fence, paragraph = "", list[str]()
    for line in text.splitlines(keepends=True):
        is_fence = (mark := _FENCE.match(line)) and not (mark[1][0] == "`" and "`" in mark[2])
        is_text = not (fence or is_fence or _INDENTED.match(line))
        if mark and is_fence and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and not mark[2].strip():
            fence = ""
        if is_text and line.strip():
            paragraph.append(line)
            continue
        yield from _outside_ticks("".join(paragraph))
        paragraph = []
        yield False, line
    yield from _outside_ticks("".join(paragraph))


def _outside_ticks(paragraph: str) -> Iterator[tuple[bool, str]]:
    """Yield the parts of a paragraph; between two runs of equally many backticks it is code."""
    parts = _TICKS.split(paragraph)
    left: dict[str, int] = {}
    for run in parts[1::2]:
        left[run] = left.get(run, 0) + 1
    opened = ""
    for number, part in enumerate(parts):
        if number % 2:
            left[part] -= 1
            if not opened and left[part]:
                opened = part
            elif part == opened:
                opened = ""
        yield number % 2 == 0 and not opened, part


def _in_textile(text: str) -> Iterator[tuple[bool, str]]:
    for is_text, part in _outside_elements([(True, text)]):
        for paragraph in _BLANK_LINES.split(part) if is_text else ():
            is_code = _CODE_BLOCK.match(paragraph.lstrip("\n"))
            for number, piece in enumerate(_AT_CODE.split(paragraph)):
                yield not is_code and number % 2 == 0, piece
        if not is_text:
            yield False, part


def _in_html(text: str) -> Iterator[tuple[bool, str]]:
    return _outside_elements([(True, text)])


def _outside_elements(parts: Iterable[tuple[bool, str]]) -> Iterator[tuple[bool, str]]:
    """Yield the parts of texts with tags; a tag is no text, nor is what is in code, in a link or in a comment."""
    opened = ""
    for is_text, whole in parts:
        for number, part in enumerate(_TAG.split(whole) if is_text else [whole]):
            if is_text and number % 2:
                opened = _after(part, opened)
            yield is_text and number % 2 == 0 and not opened, part


def _after(tag: str, opened: str) -> str:
    """Return the element that is open after a tag, as one was before it: what is not text has no others inside."""
    if tag == _COMMENT:
        return opened or _COMMENT
    if tag == "-->":
        return "" if opened == _COMMENT else opened
    element = _ELEMENT.match(tag)
    if element and not opened and not element[1]:
        return element[2].lower()
    return "" if element and element[1] and element[2].lower() == opened else opened


def _to_markdown(words: str, target: str) -> str:
    return "[{}]({})".format(_MARKS.sub(r"\\\1", words), target)


def _to_textile(words: str, target: str) -> str:
    """Write a link as RedCloth reads it: without a blank, brackets at an end of its words are a title or a class."""
    plain = words.replace('"', "”")
    before, after = " " * (plain[0] in "({["), " " * (plain[-1] == ")")
    return f'"{before}{plain}{after}":{target}'


def _to_html(words: str, target: str) -> str:
    return f'<a href="{escape(target)}">{escape(words)}</a>'


_READERS: dict[TextFormat, Callable[[str], Iterator[tuple[bool, str]]]] = {
    "markdown": _in_markdown,
    "textile": _in_textile,
    "html": _in_html,
}
_WRITERS: dict[TextFormat, Callable[[str, str], str]] = {
    "markdown": _to_markdown,
    "textile": _to_textile,
    "html": _to_html,
}
