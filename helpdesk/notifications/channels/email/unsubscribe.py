"""Sign the links by which a person has no more mails of a type sent, without signing in."""

from collections.abc import Sequence
from typing import NamedTuple, get_args

from itsdangerous import BadData, URLSafeSerializer

from helpdesk.notifications.kinds import Type

PURPOSE = "mail.unsubscribe"
ALL = "all"
"""Stands for every type, in mails of several."""
CHOICES = (*get_args(Type), ALL)
LONGEST_TOKEN = 500
REPORT = "report."
"""Begins the type of a link that stops the mailing of one report, whose number follows."""


LONGEST_NUMBER = 12


class Link(NamedTuple):
    """What a link is good for: it takes mails of this type from this person."""

    person_id: int
    type: str

    @property
    def report_id(self) -> int:
        """Return the number of the report whose mailing it stops; 0 for other links."""
        number = self.type.removeprefix(REPORT)
        is_number = number != self.type and number.isascii() and number.isdecimal()
        return int(number) if is_number and len(number) < LONGEST_NUMBER else 0

    @property
    def types(self) -> tuple[Type, ...]:
        types: tuple[Type, ...] = get_args(Type)
        return types if self.type == ALL else tuple(it for it in types if it == self.type)


def token(keys: Sequence[str], link: Link) -> str:
    """Return the signed end of a link. It never expires. Raises RuntimeError without a key."""
    return str(_serializer(keys).dumps([*link]))


def read(keys: Sequence[str], token: str) -> Link | None:
    """Return what a signed link is good for; None without a signature of ours. Raises RuntimeError without a key."""
    if len(token) > LONGEST_TOKEN:
        return None
    try:
        person_id, type = _serializer(keys).loads(token)
    except (BadData, UnicodeError, TypeError, ValueError):
        return None
    if not isinstance(person_id, int) or not isinstance(type, str):
        return None
    link = Link(person_id, type)
    return link if type in CHOICES or link.report_id else None


def _serializer(keys: Sequence[str]) -> URLSafeSerializer:
    """Return what signs with the newest key, the first, and accepts all. Raises RuntimeError without one: anybody could
    sign with an empty key."""
    if not keys or not all(keys):
        raise RuntimeError("SECRET_KEY is missing")
    return URLSafeSerializer([*reversed(keys)], salt=PURPOSE)
