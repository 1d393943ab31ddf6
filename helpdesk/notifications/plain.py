"""What somebody wrote, without the markup around it. It may be Textile, Markdown or HTML: which, is not asked here.

All of this takes time in proportion to the length of the text, whoever wrote it.
"""

import html
import re
import unicodedata

LONGEST_READ = 65_536
LONGEST_EXCERPT = 200
ELLIPSIS = "…"

# Named, since <host> and <anna@example.test> are words of the text.
_BLOCK_TAG = re.compile(
    r"</?(?:p|br|div|li|ul|ol|dl|dt|dd|tr|td|th|table|thead|tbody|tfoot|h[1-6]|hr|pre|blockquote|figure)\b[^<>]*>", re.I
)
_INLINE_TAG = re.compile(
    r"</?(?:a|b|i|u|s|em|strong|code|span|font|img|sub|sup|del|ins|strike|small|big|tt|kbd|samp|cite|label)\b[^<>]*>",
    re.I,
)
_QUOTE = re.compile(r"<blockquote\b[^<>]*>.*?(?:</blockquote>|\Z)|^[ ]{0,3}>[^\n]*$", re.I | re.M | re.S)
# Also what turns the direction of a line: cut off from its end it would turn the rest of the page.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_JOINER = "\u200d"


def without_quotes(text: str) -> str:
    """The text without what it cites of others."""
    return _QUOTE.sub(" ", text)


def without_tags(text: str) -> str:
    """The text of HTML; other text stays as it is but for entities, which are read."""
    return html.unescape(_INLINE_TAG.sub("", _BLOCK_TAG.sub(" ", text)))


def excerpt(text: str) -> str:
    """The beginning of what the writer said, in one line of at most LONGEST_EXCERPT characters.

    It ends with a whole word; a word longer than that ends with a whole character, as readers see characters. Who only
    cites is told by the citation.
    """
    text = text[:LONGEST_READ]
    line = _in_one_line(without_quotes(text)) or _in_one_line(text)
    if len(line) <= LONGEST_EXCERPT:
        return line
    room = LONGEST_EXCERPT - len(ELLIPSIS)
    end = line.rfind(" ", 0, room + 1)
    return line[: end if end > 0 else _whole(line, room)] + ELLIPSIS


def _in_one_line(text: str) -> str:
    return " ".join(_UNSHOWABLE.sub("", without_tags(text)).split())


def _whole(text: str, end: int) -> int:
    """The last place up to `end` that is between two characters; `end` when all is one character."""
    place = end
    while place and _joins(text, place):
        place -= 1
    return place or end


def _joins(text: str, place: int) -> bool:
    """Whether the code points before and after are of one character.

    Of Unicode's rules (UAX 29) those for marks, emoji, flags and Hangul; the rest is of scripts nobody here writes.
    """
    before, after = text[place - 1], text[place]
    if _is_flag_half(after):
        halves = place - len(text[:place].rstrip(_FLAG_HALVES))
        return halves % 2 == 1
    return (
        unicodedata.category(after).startswith("M")
        or _JOINER in (before, after)
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # colours of skin
        or "\U000e0020" <= after <= "\U000e007f"  # flags of regions
        or "\u1160" <= after <= "\u11ff"  # the middle and end of a Hangul syllable
    )


_FLAG_HALVES = "".join(map(chr, range(0x1F1E6, 0x1F200)))


def _is_flag_half(character: str) -> bool:
    return character in _FLAG_HALVES
