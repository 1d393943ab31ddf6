"""The files of one's own requests, sent as those of tasks are."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.tasks.model import OpenFile
from helpdesk.web.core import request_data
from helpdesk.web.core.services import services
from helpdesk.web.files import downloads
from helpdesk.web.requests.requester import requester


async def file(request: Request) -> Response:
    return await downloads.send(request, await _open(request), "requests:file")


async def thumbnail(request: Request) -> Response:
    return await downloads.send_picture(request, await _open(request), downloads.SMALL)


async def view(request: Request) -> Response:
    return await downloads.send_picture(request, await _open(request), downloads.LARGE)


async def _open(request: Request) -> OpenFile:
    """Find the file that the address names. Raises NotFound, also for one that came with a private comment."""
    number, file = request_data.task_id(request), request_data.path_id(request, "file_id")
    return await services(request).requests.open_file(await requester(request), number, file)
