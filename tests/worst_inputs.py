"""Inputs that take a regular expression longest: what its parts match, repeated, with and without what comes before."""

import re
from collections.abc import Iterator
from re import _constants as c  # type: ignore[attr-defined]  # under no public name
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

VARIANTS = 3
MOST_REPEATED = 3  # of what may be repeated more often
ENDS = ("", "\0", "x")
OTHERS = ("a", " ", "\n", "<", "-", '"', "@", "1", ".", "\u0301")
REPEATS = (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT)
SAMPLES = {"DIGIT": "1", "SPACE": " ", "WORD": "a"}


class Worst(NamedTuple):
    """A text of `head`, any number of `piece`, and `end`."""

    head: str
    piece: str
    end: str

    def of(self, pattern: re.Pattern[Any], length: int) -> Any:
        text = self.head + self.piece * (length // len(self.piece)) + self.end
        return text.encode("utf-8", "replace") if isinstance(pattern.pattern, bytes) else text


def candidates(pattern: re.Pattern[Any]) -> list[Worst]:
    """Each once; a text of what a part of the pattern matches sends it through that part and fails behind it."""
    source = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    tree = parser.parse(source, flags)
    found = dict.fromkeys(it for variant in range(VARIANTS) for it in _repeated(tree, "", variant))
    return [Worst(*pair, end) for pair in found if pair[1] for end in ENDS]


def _repeated(parts: Any, before: str, variant: int) -> Iterator[tuple[str, str]]:
    """What stands before, and what is repeated."""
    groups: dict[int, str] = {}
    for kind, value in list(parts):
        here = _sample(kind, value, variant, groups)
        yield from (("", before + here), ("", here), (before, here), ("", before))
        for inner in _inner(kind, value):
            once = "".join(_sample(*part, variant, groups) for part in inner)
            yield from ((before, once), ("", before + once))
            yield from _repeated(inner, before, variant)
        before += here


def _inner(kind: Any, value: Any) -> list[Any]:
    if kind in REPEATS:
        return [value[2]]
    if kind is c.SUBPATTERN:
        return [value[3]]
    if kind is c.BRANCH:
        return list(value[1])
    if kind in (c.ASSERT, c.ASSERT_NOT):
        return [value[1]]
    return [value] if kind is c.ATOMIC_GROUP else []


def _sample(kind: Any, value: Any, variant: int, groups: dict[int, str]) -> str:
    """Something that this part of a pattern matches."""
    if kind is c.LITERAL:
        return chr(value)
    if kind is c.NOT_LITERAL:
        return next(it for it in OTHERS[variant:] if ord(it) != value)
    if kind is c.IN:
        return _one_of(value, variant)
    if kind is c.ANY:
        return OTHERS[variant % 2]
    if kind is c.GROUPREF:
        return groups.get(value, "")
    if kind in (c.ASSERT, c.ASSERT_NOT) or not (inner := _inner(kind, value)):
        return ""
    chosen = inner[variant % len(inner)]
    once = "".join(_sample(*part, variant, groups) for part in chosen)
    if kind is c.SUBPATTERN and value[0]:
        groups[value[0]] = once
    return once * max(value[0], min(1, value[1])) if kind in REPEATS and value[0] <= MOST_REPEATED else once


def _one_of(members: Any, variant: int) -> str:
    if members[0][0] is c.NEGATE:
        free = [it for it in OTHERS if not any(_holds(member, it) for member in members[1:])]
        return free[variant % len(free)] if free else "я"
    kind, value = members[variant % len(members)]
    if kind is c.RANGE:
        return chr(value[0])
    if kind is c.CATEGORY:
        name = str(value)
        return "-" if "NOT" in name else next(it for each, it in SAMPLES.items() if each in name)
    return chr(value)


def _holds(member: Any, character: str) -> bool:
    kind, value = member
    if kind is c.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    if kind is c.CATEGORY:
        name = str(value)
        is_in = {"DIGIT": str.isdigit, "SPACE": str.isspace, "WORD": lambda it: it.isalnum() or it == "_"}
        return next(test for each, test in is_in.items() if each in name)(character) != ("NOT" in name)
    return bool(chr(value) == character)
