"""The browsers in which somebody has signed in before, by a signed cookie that only the sign-in page is sent.

What others fail at behind the same address does not slow them down. It opens nothing: who steals it may only guess
as slowly as anybody, at the accounts it names.
"""

from datetime import timedelta
from secrets import token_urlsafe
from typing import NamedTuple

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.people.model import Person
from helpdesk.web.core import session
from helpdesk.web.core.services import path_to, services

COOKIE = "device"
LASTS = timedelta(days=180)
MOST_PEOPLE = 10  # who share a machine


class Device(NamedTuple):
    """`people` are the accounts it is known for, the last one first."""

    id: str = ""
    people: tuple[int, ...] = ()


def of(request: Request) -> Device:
    """The device that asks, known for nobody without a cookie of ours."""
    try:
        id, people = _seal(request).loads(session.cookie(request, COOKIE), max_age=int(LASTS.total_seconds()))
    except BadData:
        return Device()
    return Device(id, tuple(people))


def remember(request: Request, response: Response, person: Person) -> None:
    """Know this device for the person from now on. When it ends is told as a date."""
    known = of(request)
    people = [person.id, *(each for each in known.people if each != person.id)][:MOST_PEOPLE]
    response.set_cookie(
        COOKIE,
        str(_seal(request).dumps([known.id or token_urlsafe(12), people])),
        expires=services(request).clock() + LASTS,
        path=path_to(request, "people:login"),
        httponly=True,
        samesite="lax",
    )


def _seal(request: Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(services(request).settings.secret_key or "", salt="device")
