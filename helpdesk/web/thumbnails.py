"""Pictures among the files of a task, shown on its page: only what was made anew from their points."""

from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound
from helpdesk.tasks import pictures
from helpdesk.tasks.model import Opened
from helpdesk.web import ranges
from helpdesk.web.downloads import open_from

SMALL = 192
LARGE = 1600
LARGEST_FILE = 32 * 1024 * 1024
IN_MEMORY = 1024 * 1024
AT_ONCE = CapacityLimiter(1)
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
    try:
        headers = {**HEADERS, "ETag": f'"{opened.file.id}-{opened.file.size}-{side}"'}
        if opened.file.size > LARGEST_FILE:
            raise NotFound
        if ranges.known(request.headers.get("if-none-match", ""), headers["ETag"]):
            return Response(status_code=304, headers=headers)
        with SpooledTemporaryFile(IN_MEMORY) as spooled:
            file = cast(BinaryIO, spooled)
            await _fetch(opened, file)
            made = await to_thread.run_sync(pictures.smaller, file, side, limiter=AT_ONCE)
    except pictures.NoPicture as error:
        raise NotFound from error
    finally:
        await opened.chunks.aclose()
    return Response(made.content, media_type=made.media_type, headers=headers)


async def _fetch(opened: Opened, file: BinaryIO) -> None:
    """All bytes, unless the first ones tell that it is no picture. Raises NoPicture."""
    first = True
    async for piece in opened.chunks:
        if first and not pictures.may_be_one(piece):
            raise pictures.NoPicture
        first = False
        file.write(piece)
    file.seek(0)
