"""Read phone numbers as people and phone systems write them, and compare them.

Two numbers are the same when their keys are equal: the last ten digits of an outside number, so that +7, 8 and a trunk
prefix before it make no difference; an internal number as it is.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

KEY_DIGITS = 10
INTERNAL_DIGITS = range(2, 7)
SHORTEST_OUTSIDE = 7
LONGEST_NUMBER = 15
LONGEST_TEXT = 500
MOST_NUMBERS = 10
INSIDE = frozenset(" \t\u00a0\u2007\u202f-\u2010\u2011\u2012\u2013\u2014().")
"""What may stand inside a number."""
EXTENSION_WORDS = frozenset(("доб", "добавочный", "доп", "ext", "extension", "x", "\u0445", "#"))
"""What stands before a number that is dialled after the one before it; one of them is a Cyrillic x."""
INTERNAL_WORDS = frozenset(("вн", "внутр", "внутренний", "int", "internal"))
TOKEN = re.compile(r"[0-9]+|[^\W\d_]+|\s+|.", re.DOTALL)
ADDRESS = re.compile(r"\s*(?:sips?|tel):([^@;]*)", re.IGNORECASE)
HOME = re.compile(r"(?:\+?7|8)?([0-9]{3})([0-9]{3})([0-9]{2})([0-9]{2})", re.ASCII)


class Number(NamedTuple):
    """A number in a text. After one that `has_extension` another number is dialled: it belongs to a switchboard."""

    key: str
    is_internal: bool = False
    has_extension: bool = False


def key_of(number: str, prefixes: Sequence[str] | None = ()) -> str:
    """Return the key of a number as a phone system writes it; empty for a hidden one. `prefixes` are the digits before
    outside numbers."""
    return _bare(number, prefixes)[-KEY_DIGITS:].lstrip("+")


def displayed(number: str, prefixes: Sequence[str] | None = ()) -> str:
    """Return a number as people read it: +7 903 555-01-42. Internal and foreign numbers stay as they are."""
    digits = _bare(number, prefixes)
    is_home = len(digits) == KEY_DIGITS + 1 or (len(digits) == KEY_DIGITS and digits[0] in "3489")
    parts = HOME.fullmatch(digits) if is_home or digits.startswith("+7") else None
    return "+7 {} {}-{}-{}".format(*parts.groups()) if parts else digits


def in_text(number: str, prefixes: Sequence[str] | None = ()) -> str:
    """Return a number as a part of a text that people write: who calls writes it, so it has digits alone, and no `#` or
    `*` before them, which would link a task or make letters bold. Empty when nothing is left, as of a hidden one."""
    return displayed(number, prefixes).strip("*#")


def _bare(number: str, prefixes: Sequence[str] | None) -> str:
    """Return the digits of a number, with its plus, without the digits that lead to an outside line."""
    number = number[:LONGEST_TEXT]
    address = ADDRESS.match(number)
    number = (address[1] if address else number).lstrip()
    digits = "".join(letter for letter in number if letter in "0123456789*#")
    if number.startswith("+"):
        return "+" + digits if digits else ""
    # These are a whole number, whatever they begin with: a mobile number keeps its first 9.
    is_whole = len(digits) == KEY_DIGITS or (len(digits) == KEY_DIGITS + 1 and digits[0] in "78")
    for prefix in () if is_whole else prefixes or ():
        if digits.startswith(prefix) and len(digits) - len(prefix) >= SHORTEST_OUTSIDE:
            return digits[len(prefix) :]
    return digits


def numbers_in(text: str) -> tuple[Number, ...]:
    """Return the numbers in a text as people write them into a profile: several, with brackets and extensions."""
    scan = _Scan()
    for token in TOKEN.findall(text[:LONGEST_TEXT]):
        scan.take(token)
    scan.end_number()
    return tuple(scan.found[:MOST_NUMBERS])


def extensions_of(text: str) -> tuple[str, ...]:
    """Return the internal numbers of a person by the numbers in a profile, each once."""
    return tuple(dict.fromkeys(it.key for it in numbers_in(text) if it.is_internal))


class _Scan:
    """Read a text token by token. `parts` are the digits of the present number, a blank between two parts."""

    def __init__(self) -> None:
        self.found: list[Number] = []
        self.parts: list[str] = []
        self.has_plus = self.is_marked = self.is_apart = False

    def take(self, token: str) -> None:
        if token[0] in "0123456789":
            self._add(token)
        elif token == "+":
            self.end_number()
            self.has_plus = True
        elif token == "(" and len("".join(self.parts)) >= INTERNAL_DIGITS[-1]:
            self.end_number()
        elif token.isspace() and "\n" not in token:
            self.parts += [""] if self.parts else []
        elif token not in INSIDE:
            self.end_number()
            word = token.casefold()
            self.is_marked = word in EXTENSION_WORDS
            self.is_apart = self.is_apart or (word not in EXTENSION_WORDS and word not in INTERNAL_WORDS)

    def _add(self, digits: str) -> None:
        if len("".join(self.parts)) + len(digits) > self._limit():
            self.end_number()
        self.parts = [*self.parts[:-1], (self.parts or [""])[-1] + digits]

    def _limit(self) -> int:
        """Return how many digits the present number may have."""
        begun = "".join(self.parts)
        if not begun or self.has_plus or begun.startswith(("810", "00")):
            return LONGEST_NUMBER
        if self.is_marked:
            return INTERNAL_DIGITS[-1]
        return KEY_DIGITS + 1 if begun[0] in "78" else KEY_DIGITS

    def end_number(self) -> None:
        parts = [part for part in self.parts if part]
        digits = "".join(parts)
        is_list = len(parts) > 1 and len(digits) in (6, 8, 9) and all(3 <= len(part) <= 6 for part in parts)
        for number in parts if is_list and not self.has_plus else [digits]:
            self._keep(number)
        if parts:
            self.is_marked = self.is_apart = False
        self.parts, self.has_plus = [], False

    def _keep(self, digits: str) -> None:
        if not INTERNAL_DIGITS[0] <= len(digits) <= LONGEST_NUMBER:
            return
        is_internal = len(digits) in INTERNAL_DIGITS and not self.has_plus
        if is_internal and self.found and not self.found[-1].is_internal and (self.is_marked or not self.is_apart):
            self.found[-1] = self.found[-1]._replace(has_extension=True)
        self.found.append(Number(digits[-KEY_DIGITS:], is_internal))
