"""Extract plain text from Textile, Markdown or HTML, without knowing which of them a text is.

The time that everything here takes is proportional to the length of the text.
"""

import re
import unicodedata

from helpdesk.texts import unescaped

LONGEST_READ = 65_536
LONGEST_SEARCHED = 262_144  # before styles and pictures are taken out
LONGEST_EXCERPT = 200
ELLIPSIS = "…"

# Tags are listed by name, because <host> and <anna@example.test> are words of the text.
_BLOCK_TAG = re.compile(
    r"</?(?:p|br|div|li|ul|ol|dl|dt|dd|tr|td|th|table|thead|tbody|tfoot|h[1-6]|hr|pre|blockquote|figure)\b[^<>]*>", re.I
)
_INLINE_TAG = re.compile(
    r"</?(?:a|b|i|u|s|em|strong|code|span|font|img|sub|sup|del|ins|strike|small|big|tt|kbd|samp|cite|label)\b[^<>]*>",
    re.I,
)
_UNREAD = re.compile(r"<(?:(script|style|title|xml)\b[^<>]*+>|(img)\b[^<>]*+(?:>|\Z)|!--)", re.I)
_ENDS = {name: re.compile(f"</{name}[^<>]*>", re.I) for name in ("script", "style", "title", "xml")}
_ENDS[""] = re.compile("-->")
_QUOTE = re.compile(r"<blockquote\b[^<>]*>.*?(?:</blockquote>|\Z)|^[ ]{0,3}>[^\n]*$", re.I | re.M | re.S)
# Includes marks that reverse the text direction: without their end they would reverse the rest of the page.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_JOINER = "\u200d"


def without_quotes(text: str) -> str:
    """Remove quotes of other people."""
    return _QUOTE.sub(" ", text)


def without_ballast(text: str) -> str:
    """Remove the styles, comments and pictures of mail programs. An element without an end stays."""
    pieces, at = list[str](), 0
    while start := _UNREAD.search(text, at):
        end = start if start[2] else _ENDS[(start[1] or "").lower()].search(text, start.end())
        if end is None:
            break
        pieces.append(text[at : start.start()])
        at = end.end()
    return " ".join([*pieces, text[at:]])


def without_tags(text: str) -> str:
    """Remove HTML tags and decode entities. Other text stays as it is."""
    return unescaped(_INLINE_TAG.sub("", _BLOCK_TAG.sub(" ", text)))


def excerpt(text: str) -> str:
    """Return the beginning of a text in one line of at most LONGEST_EXCERPT characters.

    It ends with a whole word, or with a whole visible character when the word is longer than that. Quotes are left out,
    unless there is nothing else.
    """
    text = without_ballast(text[:LONGEST_SEARCHED])[:LONGEST_READ]
    return shortened(_in_one_line(without_quotes(text)) or _in_one_line(text))


def shortened(line: str) -> str:
    """Cut a line to LONGEST_EXCERPT characters, as `excerpt` does."""
    if len(line) <= LONGEST_EXCERPT:
        return line
    room = LONGEST_EXCERPT - len(ELLIPSIS)
    end = line.rfind(" ", 0, room + 1)
    return line[: end if end > 0 else _whole(line, room)] + ELLIPSIS


def one_line(text: str) -> str:
    """Return a plain text in one line, without characters that can't be shown."""
    return " ".join(_UNSHOWABLE.sub("", text).split())


def _in_one_line(text: str) -> str:
    return one_line(without_tags(text))


def _whole(text: str, end: int) -> int:
    """Return the last index up to `end` between two visible characters; `end` when everything is one character."""
    index = end
    while index and _joins(text, index):
        index -= 1
    return index or end


def _joins(text: str, index: int) -> bool:
    """Return whether the code points before and after an index belong to one visible character.

    Of Unicode's rules (UAX 29) it applies those for marks, emoji, flags and Hangul, and leaves out other scripts.
    """
    before, after = text[index - 1], text[index]
    if _is_flag_half(after):
        halves = index - len(text[:index].rstrip(_FLAG_HALVES))
        return halves % 2 == 1
    return (
        unicodedata.category(after).startswith("M")
        or _JOINER in (before, after)
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= after <= "\U000e007f"  # flags of regions
        or "\u1160" <= after <= "\u11ff"  # the middle and end of a Hangul syllable
    )


_FLAG_HALVES = "".join(map(chr, range(0x1F1E6, 0x1F200)))


def _is_flag_half(character: str) -> bool:
    return character in _FLAG_HALVES
