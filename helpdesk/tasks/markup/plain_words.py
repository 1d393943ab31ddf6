"""Take the words of a Markdown text as its readers see them, without the signs of its markup."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from markdown_it.token import Token

from helpdesk.tasks.markup import markdown, page_links

BUDGET = 20_000
"""The units of `markdown.cost` that a text may have; a costlier one is taken as it was typed."""

_MARKDOWN = markdown.parser()
_IS_BLOCK = frozenset({"inline", "fence", "code_block"})
_BREAKS = frozenset({"softbreak", "hardbreak"})


class Block(NamedTuple):
    """The words of a paragraph, a heading, a cell or code."""

    words: str
    is_quoted: bool = False


def blocks(text: str) -> list[Block]:
    """Return the words of each block of a Markdown text, in their order."""
    return list(_blocks(_MARKDOWN.parse(text))) if markdown.cost(text) <= BUDGET else [Block(text)]


def _blocks(tokens: Iterable[Token]) -> Iterator[Block]:
    depth = 0
    for token in tokens:
        if token.type.startswith("blockquote"):
            depth += token.nesting
        elif token.type in _IS_BLOCK:
            words = token.content if token.children is None else "".join(_words(token.children))
            yield Block(words, depth > 0)


def _words(tokens: Iterable[Token]) -> Iterator[str]:
    """Yield the words of what stands in a line. Links to pages may be in several texts that follow each other."""
    for type, group in groupby(tokens, lambda it: it.type):
        if type == "text":
            yield page_links.LINK.sub(lambda found: page_links.read(found).words, "".join(it.content for it in group))
        elif type in _BREAKS:
            yield " "
        else:
            for token in group:
                yield from _words(token.children) if token.children else (token.content,)
