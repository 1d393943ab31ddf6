"""Define the values that stand for people. Administrators are accounts marked so, or named by ADMINISTRATORS."""

from datetime import datetime
from typing import Literal, NamedTuple

from helpdesk.store.models import tables
from helpdesk.store.people import Named, is_named

Source = Literal["local", "redmine"]


class Person(NamedTuple):
    """An account. `redmine_id` is the numeric Redmine user proven at sign-in; None when it is not linked."""

    id: int
    source: str
    login: str
    full_name: str
    email: str = ""
    department: str = ""
    position: str = ""
    redmine_id: int | None = None
    is_admin: bool = False
    can_access_quality_control: bool = False
    can_access_contact_center_moscow: bool = False
    closed_hints: str = ""


class SignedIn(NamedTuple):
    """A person with their session. `mark` distinguishes the session from others without revealing its id.

    A program that acts by a token of the person has the token's mark and `scope`, which is empty for a session.
    """

    person: Person
    mark: str
    expires_at: datetime | None = None
    scope: str = ""


def person_of(row: tables.Person) -> Person:
    """Return the Person of an account's row."""
    return Person(**{field: getattr(row, field) for field in Person._fields})


def entitled(person: Person, named: Named | None) -> Person:
    """Return the person, as an administrator when the setting names the account."""
    return person._replace(is_admin=True) if is_named(named, person.source, person.login) else person
