"""Return what promises and calendars are about: the projects, types and priorities of the backend."""

from collections.abc import Mapping
from typing import NamedTuple

from starlette.requests import Request

from helpdesk.texts import called
from helpdesk.web.core import request_data
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.lists.filter_form import indented


class Places(NamedTuple):
    """Names by ids, in the backend's order. `indented` are projects as a select shows their tree."""

    projects: Mapping[int, str]
    trackers: Mapping[int, str]
    priorities: Mapping[int, str]
    indented: Mapping[int, str]


async def load(request: Request) -> Places:
    """Raises NotAllowed for somebody who is nobody in the backend."""
    known = await services(request).requests.places()
    vocabulary = await services(request).backend.vocabulary(await actor(request))
    return Places(
        {it.id: called(it) for it in known.projects},
        {it.id: called(it) for it in known.trackers},
        {it.id: called(it) for it in vocabulary.priorities},
        indented(known.projects),
    )


def chosen(fields: request_data.Fields, name: str, choices: Mapping[int, str], kept: int | None) -> int | None:
    """Return a choice, None for any. What is gone from the backend may stay as it is. Raises Invalid."""
    number = fields.number(name) if name in fields.values else None
    if number is not None and number not in choices and number != kept:
        raise request_data.refusal(name, request_data.NO_CHOICE)
    return number
