"""Give people everything that we keep of them as one file, and administrators that of anybody."""

from collections.abc import AsyncIterator
from typing import IO

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from helpdesk.errors import NotFound
from helpdesk.people import personal_file
from helpdesk.store import people
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import Act, record
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import today

PIECE_BYTES = 64 * 1024
ZIP = "application/zip"


async def own(request: Request) -> Response:
    """Give the person's own file."""
    return await _file(request, (await current_user(request)).id)


async def of_person(request: Request) -> Response:
    """Give the file of the person whom the address names. Raises NotFound."""
    number = request_data.path_id(request, "person_id")
    if not await services(request).database.run(lambda db: people.with_ids(db, [number])):
        raise NotFound
    return await _file(request, number)


async def _file(request: Request, person_id: int) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="person-{person_id}-{today(request)}.zip"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if request.method == "HEAD":
        return Response(headers=headers, media_type=ZIP)
    found = services(request)
    file = await personal_file.temporary(found.database, person_id, found.settings.pictures_folder)
    await record(request, Act("export_person", person_id=person_id))
    headers["Content-Length"] = str(file.seek(0, 2))
    file.seek(0)
    return StreamingResponse(_pieces(file), headers=headers, media_type=ZIP)


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := await personal_file.THREADS.run(file.read, PIECE_BYTES):
            yield piece
