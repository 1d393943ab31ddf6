"""Decide who is an administrator: accounts marked so, and those that ADMINISTRATORS names."""

from functools import lru_cache

from helpdesk.people.model import Person
from helpdesk.store.casefold import fold

Named = tuple[tuple[str, str], ...] | None
"""The accounts of ADMINISTRATORS, as directory and login."""


def is_named(named: Named, source: str, login: str) -> bool:
    return bool(named) and (source, fold(login)) in _folded(named)


def entitled(person: Person, named: Named) -> Person:
    """Return the person, as an administrator when the setting names the account."""
    return person._replace(is_admin=True) if is_named(named, person.source, person.login) else person


@lru_cache(maxsize=8)
def _folded(named: Named) -> frozenset[tuple[str, str]]:
    return frozenset((source, fold(login)) for source, login in named or ())
