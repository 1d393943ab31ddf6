"""Define the values that stand for people."""

from datetime import datetime
from typing import Literal, NamedTuple

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


class SignedIn(NamedTuple):
    """A person with their session. `mark` distinguishes the session from others without revealing its id."""

    person: Person
    mark: str
    expires_at: datetime
