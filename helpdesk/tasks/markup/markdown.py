"""CommonMark without the places where it drops what was typed."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, reference, table
from markdown_it.rules_block.table import escapedSplit, getLine
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, image
from markdown_it.token import Token

from helpdesk.tasks.markup.autolinks import leads_somewhere, names_picture
from helpdesk.tasks.safe_html import may_lead_to

_LANGUAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+#._-]{0,30}|")


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """Whether something is the address of a link; `[ERROR](refused)` is no link."""
        return may_lead_to(url)


class _PictureParser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """Whether something is the address of a picture, which is shown as text if nobody can read it."""
        return leads_somewhere(url) or names_picture(url)


_OF_PICTURES = _PictureParser("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])


def parser() -> MarkdownIt:
    """Return a parser that shows HTML as text and every word typed."""
    markdown = _Parser("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    markdown.inline.ruler.at("image", _image)
    markdown.block.ruler.at("reference", _reference)
    markdown.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    markdown.core.ruler.after("block", "words", _words)
    return markdown


def _image(state: StateInline, silent: bool) -> bool:
    """Read `![name](address)`, by the rules for addresses of pictures."""
    own, state.md = state.md, _OF_PICTURES
    try:
        return image(state, silent)
    finally:
        state.md = own


def _reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read `[label]: address`, and show it: nobody may ever refer to it."""
    own, state.md = state.md, _OF_PICTURES  # it may be that of a picture
    try:
        found = reference(state, start, end, silent)
    finally:
        state.md = own
    if not found:
        return False
    if not silent:
        state.push("paragraph_open", "p", 1).map = [start, state.line]
        _inline(state.push("inline", "", 0), state.getLines(start, state.line, state.blkIndent, False).strip())
        state.push("paragraph_close", "p", -1)
    return True


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a table, with the cells that a row has beyond those of the first."""
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
    numbers: list[tuple[int, int]] = []  # of each open list: the number typed last, and the one shown
    for token in state.tokens:
        if token.type == "fence" and not _LANGUAGE.fullmatch(token.info.strip()):
            token.content, token.info = f"{token.info.strip()}\n{token.content}", ""
        elif token.type == "ordered_list_open":
            start = int(token.attrs.get("start", 1))
            numbers.append((start, start - 1))
        elif token.type == "ordered_list_close":
            numbers.pop()
        elif token.type == "list_item_open" and token.info:
            typed, (before, shown) = int(token.info), numbers[-1]
            if typed not in (before, shown + 1):
                token.attrSet("value", typed)
                shown = typed - 1
            numbers[-1] = (typed, shown + 1)
