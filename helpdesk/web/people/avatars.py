"""Show people's pictures, and take in new ones: only the pixels of what somebody sends are kept."""

from collections.abc import Awaitable, Callable

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotFound, StoreUnavailable, TooLarge, sentence
from helpdesk.people.avatars import SIDES
from helpdesk.store import profiles
from helpdesk.tasks.pictures import LONGEST_BEGIN, MEDIA_TYPE, NoPicture, may_be_one
from helpdesk.web.core import request_data
from helpdesk.web.core.request_data import Fields
from helpdesk.web.core.services import services
from helpdesk.web.files.downloads import PICTURE_HEADERS

MOST_BYTES = 5 * 1024 * 1024
HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": PICTURE_HEADERS["Content-Security-Policy"],
}
GIF = b"GIF8"
NOT_ONE = sentence("This is no picture that can be shown. Please take a JPEG, PNG or WebP.")
LARGE = sentence("The picture is too large: at most 5 MB.")
ONE_ONLY = sentence("Please choose one picture.")


async def avatar(request: Request) -> Response:
    """Send a picture. It never changes, so a browser keeps it for good. Raises NotFound."""
    content = await services(request).avatars.read(request.path_params["file"])
    if content is None:
        raise NotFound
    return Response(content, media_type=MEDIA_TYPE, headers=HEADERS)


async def receive(request: Request, fields: Fields) -> str | None:
    """Store the picture of a form, and return its name; None without one. Raises Invalid, TooLarge."""
    if fields.too_large or any((file.size or 0) > MOST_BYTES for file in fields.files):
        raise TooLarge(LARGE, {"picture": [LARGE]})
    if len(fields.files) > 1:
        raise request_data.refusal("picture", ONE_ONLY)
    if not fields.files:
        return None
    made = await _squares(request, fields.files[0])
    await _sweep(request)
    return await services(request).avatars.save(dict(zip(SIDES, made, strict=True)))


async def replacing(request: Request, new: str | None, write: Callable[[], Awaitable[str | None]]) -> None:
    """Await `write`, which stores the name of a new picture or none, and returns that of the one before. That one is
    deleted in an hour, since pages show it for a while.

    When it is not known whether it was written, both stay; a later change deletes what is left.
    """
    try:
        before = await write()
    except (Invalid, StoreUnavailable):
        if new:
            await services(request).avatars.remove(new)
        raise
    services(request).avatar_cache.forget()
    if before:
        await services(request).avatars.let_go(before)
        await _sweep(request)


async def _squares(request: Request, file: UploadFile) -> list[bytes]:
    """Return the sizes of a picture. Raises Invalid for another file."""
    begin = await file.read(LONGEST_BEGIN)
    if not may_be_one(begin) or begin.startswith(GIF):
        raise request_data.refusal("picture", NOT_ONE)
    try:
        return await services(request).pictures.squares(file.file, SIDES)
    except NoPicture as error:
        raise request_data.refusal("picture", NOT_ONE) from error


async def _sweep(request: Request) -> None:
    named = await services(request).database.run(profiles.avatar_names)
    await services(request).avatars.sweep(named)
