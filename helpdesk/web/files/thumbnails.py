"""Pictures among the files of a task, shown on its page: only what was made anew from their points."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound
from helpdesk.store import disk
from helpdesk.tasks.pictures import MEDIA_TYPE, NoPicture, View
from helpdesk.web.core.services import services
from helpdesk.web.files import downloads
from helpdesk.web.files.downloads import open_from

SMALL = 192
LARGE = 1600
LARGEST_FILE = 32 * 1024 * 1024
HEADERS = {
    "Cache-Control": "private, max-age=3600",
    "Vary": "Cookie",
    # A browser shows a picture by itself on a page of its own making, which has a style in it.
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'",
}


async def thumbnail(request: Request) -> Response:
    return await _made(request, SMALL)


async def view(request: Request) -> Response:
    return await _made(request, LARGE)


async def _made(request: Request, side: int) -> Response:
    """The picture at that size. Raises NotFound for what is no picture, and for one that is too large to look into."""
    opened = await open_from(request, 0)
    view = View(f"{opened.file.id}-{opened.file.size}", side)
    headers = {**HEADERS, "ETag": f'"{view.file}-{side}"'}
    if downloads.is_known_tag(request.headers.get("if-none-match", ""), headers["ETag"]):
        await opened.chunks.aclose()
        return Response(status_code=304, headers=headers)
    if opened.file.size > LARGEST_FILE:
        await opened.chunks.aclose()
        raise NotFound
    try:
        with disk.writing():
            content = await services(request).pictures.smaller(view, opened.chunks)
    except NoPicture as error:
        raise NotFound from error
    return Response(content, media_type=MEDIA_TYPE, headers=headers)
