"""Make texts of users safe to show: detect invisible ones, and keep their direction from changing the text around them.

All our pages run from left to right. A user's text may change that: Hebrew and Arabic letters do, and so do Unicode's
directional formatting characters (UAX 9), which also affect the text after them unless they are closed.
"""

import html
import re
import unicodedata
from typing import Protocol

from helpdesk.errors import Sentence, sentence

NO_SUBJECT = sentence("(no subject)")
UNSEEN = sentence("(nothing visible)")

FIRST_STRONG, POP_ISOLATE, POP = "\u2068", "\u2069", "\u202c"
_OPENING = dict.fromkeys("\u202a\u202b\u202d\u202e", POP) | dict.fromkeys("\u2066\u2067\u2068", POP_ISOLATE)

# Letters and signs by their category, but drawn by no font: fillers, an empty note, an object's place.
_EMPTY = set("\u115f\u1160\u2800\u3164\uffa0\ufffc\U00013441\U00013442\U0001d159")
_INVISIBLE = {"Cc", "Cf", "Cs", "Mn", "Mc", "Me", "Zl", "Zp", "Zs"}
_IGNORABLE = re.compile("[\u2065\ufdd0-\ufdef\ufff0-\ufff8\ufffe\uffff\U000e0000-\U000e0fff]")
# With lone surrogates, which cannot be sent. Tabs and line ends become blanks wherever a text is one line.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_TURNS = re.compile(
    "[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]"
)

# Leading zeros and superfluous digits: Python refuses to read a number of thousands of digits.
_LONG_NUMBER = re.compile(r"&#(?:0++(?=[0-9]))?([0-9]{1,8})[0-9]*+")


_TURNERS = re.compile("[\u202a-\u202e\u2066-\u2069]")


_IN_NAMES = set(" .,-'’№")
_POINTS, _DASHES = re.compile(r"\.(?=\w)"), re.compile(r"(?<!\w)-|-(?!\w)")


class Named(Protocol):
    """Anything with a number and a name."""

    @property
    def id(self) -> int: ...

    @property
    def name(self) -> str: ...


def is_blank(text: str) -> bool:
    """Tell whether a text has no visible character. A combining mark without a letter does not count as visible."""
    return not any(map(_is_visible, set(text)))


def trimmed(text: str) -> str:
    """Return the text without surrounding blanks, or an empty one when it has no visible character."""
    return "" if is_blank(text) else text.strip()


def without_markup(name: str) -> str:
    """Return a name as a part of a text that people write: it mentions nobody there, and links and draws nothing.

    Letters, digits, blanks and the signs inside of names stay. A point before a letter gets a blank, so that no name
    is an address.
    """
    known = [(it, unicodedata.category(it)) for it in unicodedata.normalize("NFC", name)]
    kept = "".join(it if kind[0] in "LMN" or it in _IN_NAMES else " " for it, kind in known if kind != "Cf")
    return " ".join(_POINTS.sub(". ", _DASHES.sub(" ", kept)).split())


def unescaped(text: str) -> str:
    """Return the text with its HTML entities replaced."""
    return html.unescape(_LONG_NUMBER.sub(r"&#\1", text))


def subject_of(subject: str) -> str | Sentence:
    """Return a task's subject as it is shown."""
    return NO_SUBJECT if is_blank(subject) else subject


def called(it: Named) -> str:
    return named(it.name, it.id)


def named(name: str, number: int) -> str:
    """Return the name, or the number of something whose name is invisible."""
    return f"#{number}" if is_blank(name) else name


def one_line(text: str) -> str:
    """Return the text as one line, with blanks for control characters and its directional formatting closed."""
    return _balanced(_UNFIT.sub(" ", text))


def squeezed(text: str) -> str:
    """Return the text as one line with single blanks, and none around it."""
    return " ".join(one_line(text).split())


def turns(text: str) -> bool:
    """Tell whether a text may change the direction of the text around it."""
    return bool(_TURNS.search(text))


def isolated(text: str) -> str:
    """Return the text in one line, isolated for places without an element around it: sentences, attributes, titles."""
    line = one_line(text)
    return f"{FIRST_STRONG}{line}{POP_ISOLATE}" if turns(line) else line


def _is_visible(character: str) -> bool:
    if character in _EMPTY or _IGNORABLE.match(character):
        return False
    return unicodedata.category(character) not in _INVISIBLE


def _balanced(text: str) -> str:
    """Close the text's directional formatting at its end, and drop closing characters that close nothing.

    By UAX 9, the end of an isolate also ends what was opened within it.
    """
    if not turns(text):
        return text
    characters, open_ones, isolates = [], [], 0
    for each in text:
        if closing := _OPENING.get(each):
            open_ones.append(closing)
            isolates += closing == POP_ISOLATE
        elif each == POP:
            if not open_ones or open_ones[-1] != POP:
                continue
            open_ones.pop()
        elif each == POP_ISOLATE:
            if not isolates:
                continue
            while open_ones.pop() != POP_ISOLATE:
                pass
            isolates -= 1
        characters.append(each)
    return "".join(characters + open_ones[::-1])


def in_english(sentence: Sentence) -> str:
    """Return a sentence in English, as the command line and the log speak."""
    values = {name: in_english(it) if isinstance(it, Sentence) else it for name, it in sentence.values.items()}
    return sentence.text % values if values else sentence.text


def turns_direction(text: str) -> bool:
    """Tell whether a text has characters that turn the direction of what follows: no name or address needs them."""
    return bool(_TURNERS.search(text))
