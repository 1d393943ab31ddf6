"""Give people everything that we keep of them as one file, and administrators that of anybody.

Texts about tasks are in it as far as the person of the file may read them at present, whoever takes it.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import IO

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from helpdesk.errors import NotAllowed, NotFound
from helpdesk.notifications.readers import readable_events
from helpdesk.people import personal_file
from helpdesk.people.model import Person, SignedIn, entitled, load_person
from helpdesk.store import directory_accounts, people, personal_data, personal_texts
from helpdesk.store.database import in_batches
from helpdesk.store.personal_texts import Visible
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import Act, record
from helpdesk.web.core.services import services
from helpdesk.web.core.session import required
from helpdesk.web.core.templating import today

PIECE_BYTES = 64 * 1024
ZIP = "application/zip"


async def own(request: Request) -> Response:
    """Give the person's own file."""
    return await _file(request, await required(request))


async def of_person(request: Request) -> Response:
    """Give the file of the person whom the address names. Raises NotFound."""
    number, named = request_data.path_id(request, "person_id"), services(request).settings.administrators

    def work(db: Session) -> Person:
        rows = people.with_ids(db, [number])
        if not rows:
            raise NotFound
        return entitled(load_person(db, directory_accounts.kept_of(db, rows[0][0])), named)

    return await _file(request, SignedIn(await services(request).database.run(work), ""), number)


async def _file(request: Request, owner: SignedIn, number: int | None = None) -> Response:
    """Give the file of this person; an administrator has named an account of theirs by its number."""
    person_id = number or owner.person.id
    headers = {
        "Content-Disposition": f'attachment; filename="person-{person_id}-{today(request)}.zip"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if request.method == "HEAD":
        return Response(headers=headers, media_type=ZIP)
    found = services(request)
    file = await personal_file.temporary(
        found.database, person_id, await _visible(request, owner), found.settings.pictures_folder
    )
    await record(request, Act("export_person", person_id=person_id))
    headers["Content-Length"] = str(file.seek(0, 2))
    file.seek(0)
    return StreamingResponse(_pieces(file), headers=headers, media_type=ZIP)


async def _visible(request: Request, owner: SignedIn) -> Visible:
    """Return what the owner of the file may see: tasks, also as requests, and events. Raises Unavailable."""
    now, rules = services(request).clock(), services(request).readers

    def work(db: Session) -> tuple[list[int], frozenset[str]]:
        ids = personal_data.ids_of(personal_data.accounts_of(db, owner.person.id))
        return sorted(personal_texts.tasks_of(db, ids)), readable_events(db, ids, owner.person.id, rules, now)

    seen, (tasks, events) = dict[int, bool](), await services(request).database.run(work)
    with suppress(NotAllowed):  # an account that the backend has shut out sees none
        for some in in_batches(tasks):
            seen.update(await services(request).visible_tasks.seen(owner, some))
    return Visible(seen, events)


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := await personal_file.THREADS.run(file.read, PIECE_BYTES):
            yield piece
