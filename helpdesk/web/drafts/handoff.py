"""A text whose session has ended goes through the sign-in page, sealed with its place and whose it is.

Nobody else can make such a seal, so no link or form of others plants a draft; and it is opened for its own person only.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request

from helpdesk.errors import Invalid, NotFound, StoreUnavailable
from helpdesk.people.model import Person
from helpdesk.web.core.services import services
from helpdesk.web.drafts import service as drafts

SECONDS = 12 * 3600


class Carried(NamedTuple):
    person_id: int
    place: str
    fields: dict[str, Any]


def sealed(request: Request, values: Mapping[str, Any]) -> str:
    """The text of a form that found no session; empty when it is not known whose it is or where it belongs."""
    place, person_id = drafts.place_of(request), drafts.typist(request, values)
    fields: dict[str, Any] = {}
    with suppress(Invalid):
        fields = drafts.worth_keeping(values)
    return str(_seal(request).dumps([person_id, place, fields])) if place and person_id and fields else ""


def opened(request: Request, seal: object) -> Carried | None:
    """Open the seal that a sign-in form brings along; None unless it is ours and younger than SECONDS."""
    try:
        return Carried(*_seal(request).loads(str(seal or ""), max_age=SECONDS))
    except (BadData, UnicodeError):  # half a character can't be signed
        return None


async def arrive(request: Request, seal: object, person: Person) -> None:
    """The same person signed in again: the text becomes a draft. Of anybody else's nothing is kept.

    A store that does not answer now keeps nobody from signing in.
    """
    carried = opened(request, seal)
    if carried and carried.person_id == person.id:
        with suppress(Invalid, NotFound, StoreUnavailable):
            await drafts.keep(request, person.id, carried.place, carried.fields)


def _seal(request: Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(services(request).settings.secret_key or "", salt="carried")
