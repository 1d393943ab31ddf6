"""Find the files that private comments brought, which Redmine shows to everybody."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


class Journal(NamedTuple):
    """An entry of a history: who made it and when, whether it has a text, and which files it names."""

    id: int
    author: int | None
    moment: datetime
    is_private: bool
    has_notes: bool
    files: frozenset[int]


def private_files(journals: Iterable[Journal], sees_all: bool = True) -> dict[int, frozenset[int]]:
    """Return the files that came with private comments, by their entries.

    Redmine names such a file in a public entry of the same person and the same second (Journal#split_private_notes).
    Who does not see all private comments takes every entry without a text for one.
    """
    listed = list(journals)
    private = {(it.author, it.moment) for it in listed if it.is_private}
    return {
        it.id: it.files
        for it in listed
        if it.files and (it.is_private or (not it.has_notes and (not sees_all or (it.author, it.moment) in private)))
    }
