"""Convert rows of the store into values of the domain."""

from helpdesk.people.model import Person
from helpdesk.store.models import tables


def person_of(row: tables.Person) -> Person:
    """Return the Person of an account's row."""
    return Person(**{field: getattr(row, field) for field in Person._fields})
