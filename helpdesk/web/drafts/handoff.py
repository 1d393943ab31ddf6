"""Carry a text whose session has ended through the sign-in page, sealed with its place and its owner.

Nobody else can make such a seal, so no link or form of others plants a draft. Only its own person can open it.
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

CARRIED_SECONDS = 12 * 3600


class Carried(NamedTuple):
    """A text and where it belongs, as it was sealed."""

    person_id: int
    place: str
    fields: dict[str, Any]


def sealed(request: Request, values: Mapping[str, Any]) -> str:
    """Return the sealed text of a form without a session; empty without a known owner, a known place and a text
    that can be kept."""
    place, person_id = drafts.place_of(request), drafts.owner_id(request, values)
    fields: dict[str, Any] = {}
    with suppress(Invalid):
        fields = drafts.draft_fields(values)
    return str(_sealer(request).dumps([person_id, place, fields])) if place and person_id and fields else ""


def opened(request: Request, seal: object) -> Carried | None:
    """Open the seal that a sign-in form brings along; None unless it is ours and younger than CARRIED_SECONDS."""
    try:
        return Carried(*_sealer(request).loads(str(seal or ""), max_age=CARRIED_SECONDS))
    except (BadData, UnicodeError):  # half a character can't be signed
        return None


async def keep_carried(request: Request, seal: object, person: Person) -> None:
    """Make the text a draft when its owner signed in again; nothing is kept of another person's.

    A store that does not answer now does not prevent signing in.
    """
    carried = opened(request, seal)
    if carried and carried.person_id == person.id:
        with suppress(Invalid, NotFound, StoreUnavailable):
            await drafts.keep(request, person.id, carried.place, carried.fields)


def _sealer(request: Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(services(request).settings.secret_key or "", salt="carried")
