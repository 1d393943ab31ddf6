"""Split long Textile and Markdown into readable parts: between paragraphs, else between lines or words."""

import re
from collections.abc import Callable, Iterator

LONGEST_OPENING = 200  # characters of the tag or fence that opens a block of code

_DATA = re.compile(r"""[!(<>}="']\s{0,9}(data:[\w/+.-]{0,60})\Z""", re.I)
_BASE64 = re.compile(r"[A-Za-z0-9+/=_%-]*+")
_SEARCHED = 131_072
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^\n]*)$", re.M)
_PRE = re.compile(r"<(/?)pre(?:\s[^<>]{0,80})?>(<code(?:\s[^<>]{0,80})?>)?", re.I)

Continued = Callable[[str], tuple[str, str]]
"""Returns the text that closes a part, and the text that reopens the next one in the same state."""


def parts(text: str, limit: int, continued: Continued) -> Iterator[str]:
    """Yield parts of at most about `limit` characters, on demand."""
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
    """Reduce pictures in base64 to their media type."""
    pieces, at = list[str](), 0
    while (mark := text.find(";base64,", at)) >= 0:
        begin = max(at, mark - 80)
        end = mark + len(";base64,")
        pieces.append(text[at:end])
        if _DATA.search(text, begin, mark):
            while (run := _BASE64.match(text, end, end + _SEARCHED)) and run.end() > end:
                end = run.end()
        at = end
    return "".join([*pieces, text[at:]]) if pieces else text


def in_markdown(part: str) -> tuple[str, str]:
    """Continue an open block of code in the same language."""
    fence = ""
    for line in _FENCE.finditer(part):
        mark, info = line[1], line[2]
        if not fence:
            fence = line[0][:LONGEST_OPENING] if "`" not in info or mark[0] == "~" else ""
        elif mark[0] == fence.lstrip()[0] and len(mark) >= _length(fence) and not info.strip():
            fence = ""
    return "", f"{fence}\n" if fence else ""


def in_textile(part: str) -> tuple[str, str]:
    """Continue an open `pre` element."""
    opened = ""
    for tag in _PRE.finditer(part):
        opened = "" if tag[1] else opened or tag[0]
    closing = ("</code>" if "<code" in opened.lower() else "") + "</pre>" if opened else ""
    return closing, opened


def _boundary(window: str) -> int:
    """Return where a part may end in its second half: behind a paragraph, else a line, else a word."""
    half = len(window) // 2
    for mark in (("\n\n", "\r\n\r\n"), ("\n", "\r"), (" ", "\t")):
        if (end := max(window.rfind(each, half) + len(each) for each in mark)) > half:
            return end
    return len(window)


def _length(fence: str) -> int:
    plain = fence.lstrip()
    return len(plain) - len(plain.lstrip(plain[0]))
