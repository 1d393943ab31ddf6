"""Tell administrators what is broken, as far as this process knows it already."""

import asyncio
from collections.abc import Iterator

from starlette.requests import Request

from helpdesk.errors import HelpdeskError, Sentence, sentence
from helpdesk.people.model import Person
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import MOMENT

WAIT_SECONDS = 0.5
LATE = sentence("The store has not been checked in time: its disk or its server is slow.")


async def found(request: Request, person: Person) -> list[Sentence]:
    """Return a sentence for everything that is broken, beside the state of the backend, which every page tells. Only
    administrators are told."""
    if not person.is_admin:
        return []
    return [*await _of_process(request), *_of_feed(request), *_of_directories(request)]


async def _of_process(request: Request) -> list[Sentence]:
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            await services(request).readiness.require()
    except HelpdeskError as error:
        return [error.message]
    except TimeoutError:
        return [LATE]
    return []


def _of_directories(request: Request) -> Iterator[Sentence]:
    for source, problem in services(request).authentication.problems.items():
        yield sentence(
            "Nobody can sign in by the directory %(source)s, since it refuses the helpdesk itself: %(problem)s. The "
            "command helpdesk doctor says what to do.",
            source=source,
            problem=problem,
        )


def _of_feed(request: Request) -> Iterator[Sentence]:
    status, zone = services(request).feed_status(), services(request).settings.timezone
    if not status.live and status.as_of:
        at = status.as_of.astimezone(zone).strftime(MOMENT)
        yield sentence("Changes of tasks have not been read since %(at)s: notifications are late.", at=at)
