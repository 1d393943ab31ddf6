"""Parse CommonMark without dropping typed text where CommonMark would."""

import re
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, reference, table
from markdown_it.rules_block.table import escapedSplit, getLine
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, image
from markdown_it.token import Token

from helpdesk.tasks.markup.autolinks import is_link_target, is_picture_source
from helpdesk.tasks.safe_html import is_allowed_href

_LEAD = re.compile(r"[\s>*+\-\d.)]*")
_LANGUAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+#._-]{0,30}|")


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """Return whether this is the address of a link; `[ERROR](refused)` is no link."""
        return is_allowed_href(url)


class _PictureParser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """Return whether this is the address of a picture, shown as text where the picture is not readable."""
        return is_link_target(url) or is_picture_source(url)


_OF_PICTURES = _PictureParser("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])


def parser() -> MarkdownIt:
    """Return a parser that shows HTML as text and every word typed."""
    markdown = _Parser("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    markdown.inline.ruler.at("image", _image)
    markdown.block.ruler.at("reference", _reference)
    markdown.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    markdown.core.ruler.after("block", "words", _words)
    return markdown


def cost(text: str) -> int:
    """Return the cost of quadratic work in units of about 1 us: rows padded to the width of a table, lines reread by
    quotes and references."""
    lines = text.split("\n")
    depths = [lead[0].count(">") for lead in map(_LEAD.match, lines) if lead]
    quotes = sum(after > before for before, after in pairwise([0, *depths]))
    return len(lines) * (10 * max(line.count("|") for line in lines) + quotes + text.count("]:"))


def _image(state: StateInline, silent: bool) -> bool:
    """Read `![name](address)`, by the rules for addresses of pictures."""
    own, state.md = state.md, _OF_PICTURES
    try:
        return image(state, silent)
    finally:
        state.md = own


def _reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read `[label]: address`, and show it, since there may be no link to it."""
    own, state.md = state.md, _OF_PICTURES  # it may be that of a picture
    try:
        is_reference = reference(state, start, end, silent)
    finally:
        state.md = own
    if not is_reference:
        return False
    if not silent:
        state.push("paragraph_open", "p", 1).map = [start, state.line]
        _inline(state.push("inline", "", 0), state.getLines(start, state.line, state.blkIndent, False).strip())
        state.push("paragraph_close", "p", -1)
    return True


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a table, including cells beyond the width of its first row."""
    before = len(state.tokens)
    if not table(state, start, end, silent):
        return False
    if not silent:
        tokens = state.tokens[before:]
        width = sum(token.type == "th_open" for token in tokens)
        del state.tokens[before:]
        for token in tokens:
            if token.type == "tr_open" and token.map:
                surplus = _cells(getLine(state, token.map[0]))[width:]
            elif token.type == "tr_close":
                state.tokens += [each for cell in surplus for each in _cell(cell, token.level + 1)]
            state.tokens.append(token)
    return True


def _cells(line: str) -> list[str]:
    cells = escapedSplit(line.strip())
    return cells[cells[0] == "" : len(cells) - (len(cells) > 1 and cells[-1] == "")]


def _cell(text: str, level: int) -> list[Token]:
    content = Token("inline", "", 0, level=level + 1)
    _inline(content, text.strip())
    return [Token("td_open", "td", 1, level=level), content, Token("td_close", "td", -1, level=level)]


def _inline(token: Token, text: str) -> None:
    token.content, token.children = text, []


def _words(state: StateCore) -> None:
    """Show the words behind ``` that name no language, and the numbers typed before items."""
    numbers: list[tuple[int, int]] = []  # of each open list: the last typed and the last shown number
    for token in state.tokens:
        if token.type == "fence" and not _LANGUAGE.fullmatch(token.info.strip()):
            token.content, token.info = f"{token.info.strip()}\n{token.content}", ""
        elif token.type == "ordered_list_open":
            start = int(token.attrs.get("start", 1))
            numbers.append((start, start - 1))
        elif token.type == "ordered_list_close":
            numbers.pop()
        elif token.type == "list_item_open" and token.info:
            number, (last, shown) = int(token.info), numbers[-1]
            if number not in (last, shown + 1):
                token.attrSet("value", number)
                shown = number - 1
            numbers[-1] = (number, shown + 1)
