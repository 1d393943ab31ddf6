"""Rows of our store as the rest of the product knows them."""

from helpdesk.people.model import Person
from helpdesk.store import tables


def person_of(row: tables.Person) -> Person:
    """The account as the rest of the product knows it."""
    return Person(**{field: getattr(row, field) for field in Person._fields})
