"""Long Textile and Markdown in parts that read by themselves: cut between paragraphs, else between lines or words."""

import re
from collections.abc import Callable, Iterator

LONGEST_OPENING = 200  # characters of what begins a block of code

_DATA = re.compile(r"""[!(<>}="']\s{0,9}(data:[\w/+.-]{0,60})\Z""", re.I)
_BASE64 = re.compile(r"[A-Za-z0-9+/=_%-]*+")
_SEARCHED = 131_072
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^\n]*)$", re.M)
_PRE = re.compile(r"<(/?)pre(?:\s[^<>]{0,80})?>(<code(?:\s[^<>]{0,80})?>)?", re.I)

Continued = Callable[[str], tuple[str, str]]
"""What to put behind a part so that it ends well, and before the next one so that it begins as the other ended."""


def parts(text: str, limit: int, continued: Continued) -> Iterator[str]:
    """Parts of at most about `limit` characters, as far as somebody asks for them."""
    at, opening = 0, ""
    while at < len(text):
        window = text[at : at + limit]
        end = len(window) if at + limit >= len(text) else _boundary(window)
        part = opening + window[:end]
        closing, opening = continued(part)
        if window[:end].strip():
            yield part + closing
        at += end


def without_data(text: str) -> str:
    """The text whose pictures written out in base64 say only of what kind they are."""
    pieces, at = list[str](), 0
    while (found := text.find(";base64,", at)) >= 0:
        begin = max(at, found - 80)
        end = found + len(";base64,")
        pieces.append(text[at:end])
        if _DATA.search(text, begin, found):
            while (run := _BASE64.match(text, end, end + _SEARCHED)) and run.end() > end:
                end = run.end()
        at = end
    return "".join([*pieces, text[at:]]) if pieces else text


def in_markdown(part: str) -> tuple[str, str]:
    """A block of code goes on as one, of the same language."""
    fence = ""
    for found in _FENCE.finditer(part):
        mark, info = found[1], found[2]
        if not fence:
            fence = found[0][:LONGEST_OPENING] if "`" not in info or mark[0] == "~" else ""
        elif mark[0] == fence.lstrip()[0] and len(mark) >= _length(fence) and not info.strip():
            fence = ""
    return "", f"{fence}\n" if fence else ""


def in_textile(part: str) -> tuple[str, str]:
    """What stands between `pre` tags goes on so."""
    opened = ""
    for found in _PRE.finditer(part):
        opened = "" if found[1] else opened or found[0]
    closing = ("</code>" if "<code" in opened.lower() else "") + "</pre>" if opened else ""
    return closing, opened


def _boundary(window: str) -> int:
    """Where in its second half a part may end: behind a paragraph, else a line, else a word."""
    half = len(window) // 2
    for mark in (("\n\n", "\r\n\r\n"), ("\n", "\r"), (" ", "\t")):
        if (end := max(window.rfind(each, half) + len(each) for each in mark)) > half:
            return end
    return len(window)


def _length(fence: str) -> int:
    plain = fence.lstrip()
    return len(plain) - len(plain.lstrip(plain[0]))
