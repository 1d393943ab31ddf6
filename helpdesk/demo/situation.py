"""What a situation of the demo consists of; the situations themselves are data in the modules beside."""

from typing import Literal, NamedTuple

Group = Literal["office", "accounting", "warehouse", "shop"]

Line = tuple[int, str]
"""A text and the course of events it belongs to: 1 or 2, as the bodies are numbered, or 0 when it suits both."""


class Situation(NamedTuple):
    """Something that happens in a company again and again, in two courses that differ in cause and cure.

    Texts hold slots such as `{printer}`; what fills them is listed in `details.fill`.
    `asks` are (course, question of the support, answer of the requester);
    `heat` is 0 for what can wait, 1 for the usual, 2 for what stops somebody's work.
    """

    key: str
    project: str
    tracker: str
    group: Group
    heat: int
    subjects: tuple[Line, ...]
    bodies: tuple[str, str]
    work: tuple[Line, ...]
    fixes: tuple[Line, ...]
    asks: tuple[tuple[int, str, str], ...] = ()
    holds: tuple[Line, ...] = ()
    insides: tuple[Line, ...] = ()
    refusals: tuple[Line, ...] = ()


def of_course(lines: tuple[Line, ...], course: int) -> list[str]:
    """The texts that suit this course of events."""
    return [text for which, text in lines if which in (0, course)]
