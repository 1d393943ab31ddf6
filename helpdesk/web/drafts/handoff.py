"""Carry a text whose session has ended through the sign-in page, sealed with its place and its owner.

Nobody else can make such a seal, so no link or form of others plants a draft. Only its own person can open it.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from starlette.requests import Request

from helpdesk.errors import Invalid, NotFound, StoreUnavailable
from helpdesk.people.model import Person
from helpdesk.web.core.session import seal, unseal
from helpdesk.web.drafts import service as drafts

PURPOSE = "carried"
CARRIED_SECONDS = 12 * 3600


class Carried(NamedTuple):
    """A text and where it belongs, as it was sealed."""

    person_id: int
    place: str
    fields: dict[str, Any]


def sealed(request: Request, values: Mapping[str, Any]) -> str:
    """Return the sealed text of a form without a session; empty without a known owner, a known place and a text
    that can be kept."""
    place, person_id = drafts.place_of(request, values), drafts.owner_id(request, values)
    fields: dict[str, Any] = {}
    with suppress(Invalid):
        fields = drafts.draft_fields(values)
    return seal(request, PURPOSE, [person_id, place, fields]) if place and person_id and fields else ""


def opened(request: Request, sealed_text: object) -> Carried | None:
    """Open the seal that a sign-in form brings along; None unless it is ours and younger than CARRIED_SECONDS."""
    values = unseal(request, PURPOSE, sealed_text, CARRIED_SECONDS)
    return Carried(*values) if values else None


async def keep_carried(request: Request, sealed_text: object, person: Person) -> None:
    """Make the text a draft when its owner signed in again; nothing is kept of another person's.

    A store that does not answer now does not prevent signing in.
    """
    carried = opened(request, sealed_text)
    if carried and carried.person_id == person.id:
        with suppress(Invalid, NotFound, StoreUnavailable):
            await drafts.keep(request, person.id, carried.place, carried.fields)
