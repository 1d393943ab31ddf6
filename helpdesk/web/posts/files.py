"""The pictures and files of posts: taken in with a form, and sent to those who may read the post.

Only the pixels of a picture are kept. Its decoder runs in a process that can be ended (`tasks/pictures.py`).
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from functools import partial
from secrets import token_urlsafe
from typing import Any

from sqlmodel import Session
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, TooLarge, sentence
from helpdesk.store import post_files
from helpdesk.store.blobs import Blob, new_name
from helpdesk.store.posts import PostRow
from helpdesk.tasks.files import Chunks, Staged, Upload, plain_name, plain_type
from helpdesk.tasks.model import Attachment, OpenFile
from helpdesk.tasks.pictures import LONGEST_BEGIN, MEDIA_TYPE, NoPicture, View, may_be_one
from helpdesk.web.core import request_data
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user, seal, unseal
from helpdesk.web.files import downloads, uploads
from helpdesk.web.posts import access

log = logging.getLogger(__name__)

STAGED_HOURS = timedelta(hours=24)
PURPOSE = "staged picture"
PICTURE_FIELDS = ("picture", "image")
LONGEST_SIDE, SMALL_SIDE, THUMBNAIL_SIDE = 1600, 480, 192
SIDES = {"small": THUMBNAIL_SIDE, "large": LONGEST_SIDE}
MOST_BYTES = 10 * 1024 * 1024
NOT_ONE = sentence("This is no picture that can be shown. Please take a JPEG, PNG, WebP or GIF.")
LARGE = sentence("The picture is too large: at most 10 MB.")
ONE_ONLY = sentence("Please choose one picture.")


async def owner(request: Request) -> str:
    """Return the owner of the files staged for posts: nobody else's seals open, nor those of a task."""
    return f"posts of {(await current_user(request)).id}"


async def receive(request: Request) -> tuple[Staged, ...]:
    """Stage the files of a form. Raises Invalid, TooLarge."""
    return await uploads.receive_by(request, await owner(request), lambda upload: _stage(request, upload), "files")


async def receive_picture(request: Request) -> Staged | None:
    """Stage the picture of a form, or return the one that it names as staged before; None without one.

    Raises Invalid, TooLarge. The form that is shown again names it by `sealed_picture`.
    """
    fields = await request_data.read(request)
    request.state.staged_picture = _opened(request, await owner(request), fields.values.get("staged_picture"))
    sent = await request_data.files_in(request, *PICTURE_FIELDS)
    if fields.too_large or any((file.size or 0) > MOST_BYTES for file in sent):
        raise TooLarge(LARGE, {"picture": [LARGE]})
    if len(sent) > 1:
        raise request_data.refusal("picture", ONE_ONLY)
    if sent:
        content = await _reencode(request, sent[0])
        upload = Upload("picture.webp", MEDIA_TYPE, len(content), _whole(content))
        request.state.staged_picture = await _stage(request, upload)
    staged: Staged | None = request.state.staged_picture
    return staged


async def restore_picture(request: Request, sealed: Any) -> None:
    """Bring back the picture that a draft names, unless it has expired."""
    request.state.staged_picture = _opened(request, await owner(request), sealed)


async def sealed_picture(request: Request) -> str:
    """Return the seal by which a form names the picture that it has sent; empty without one."""
    staged: Staged | None = getattr(request.state, "staged_picture", None)
    return seal(request, PURPOSE, [await owner(request), *staged]) if staged else ""


async def clean(request: Request) -> None:
    """Delete the contents that no post has any more, and staged files that were never taken.

    The disk may refuse one: it is tried again the next time, and keeps nobody from writing posts.
    """
    before, database, blobs = (
        services(request).clock() - STAGED_HOURS,
        services(request).database,
        services(request).blobs,
    )
    names = await database.run(lambda db: post_files.left(db, before), writes=True)
    deleted = [name for name in names if await _is_done(blobs.delete([name]))]
    if deleted:
        await database.run(lambda db: post_files.forget(db, deleted), writes=True)
    await _is_done(blobs.delete_unfinished(before.timestamp()))


async def _is_done(deletion: Awaitable[None]) -> bool:
    try:
        await deletion
    except OSError as error:
        log.warning("files of posts could not be deleted", extra={"error": str(error)})
        return False
    return True


async def image(request: Request) -> Response:
    """Send the picture of a post, also `?size=small`. Raises NotFound."""
    post = await access.load(request)
    if post.picture is None:
        raise NotFound
    is_small = request.query_params.get("size") == "small"
    headers = {**downloads.PICTURE_HEADERS, "ETag": f'"{post.picture}{"-small" if is_small else ""}"'}
    if downloads.is_known_tag(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    content = await (_smaller if is_small else _as_it_is)(request, post)
    return Response(content, media_type=MEDIA_TYPE, headers=headers)


async def file(request: Request) -> Response:
    """Send a file of a post, or a picture among the files at the `?size=` that a text shows it in. Raises NotFound."""
    post = await access.load(request)
    file_id = request_data.path_id(request, "file_id")
    row = await services(request).database.run(lambda db: post_files.one(db, post.id, file_id))
    opened = OpenFile(
        Attachment(row.id, row.filename, row.size, row.content_type),
        partial(_read, request, Blob(row.blob, row.size)),
    )
    if side := SIDES.get(request.query_params.get("size", "")):
        return await downloads.send_picture(request, opened, side, f"post {row.blob}")
    return await downloads.send(request, opened, "posts:file")


async def _stage(request: Request, upload: Upload) -> Staged:
    """Store a file that belongs to no post yet. Raises StorageFull; its row, which came first, is let go then."""
    name, kind, token = plain_name(upload.filename), plain_type(upload.content_type), token_urlsafe(32)
    person, now, blobs = await current_user(request), services(request).clock(), services(request).blobs

    async def write(work: Callable[[Session], None]) -> None:
        await services(request).database.run(work, writes=True)

    content = new_name()
    await write(lambda db: post_files.stage(db, person.id, content, name, kind, token, now))
    try:
        blob = await blobs.save(upload.chunks, content)
    except BaseException:
        await write(lambda db: post_files.withdraw(db, person.id, token))
        raise
    await write(lambda db: post_files.complete(db, person.id, token, blob.size))
    return Staged(token, name, blob.size, kind)


async def _reencode(request: Request, sent: UploadFile) -> bytes:
    """Return a picture from its pixels alone. Raises Invalid for another file."""
    if not may_be_one(await sent.read(LONGEST_BEGIN)):
        raise request_data.refusal("picture", NOT_ONE)
    try:
        return await services(request).pictures.reencode(sent.file, LONGEST_SIDE)
    except NoPicture as error:
        raise request_data.refusal("picture", NOT_ONE) from error


async def _as_it_is(request: Request, post: PostRow) -> bytes:
    return b"".join([piece async for piece in await _picture(request, post)])


async def _smaller(request: Request, post: PostRow) -> bytes:
    try:
        view = View(f"post {post.picture}", SMALL_SIDE)
        return await services(request).pictures.smaller(view, partial(_picture, request, post))
    except NoPicture as error:
        raise NotFound from error


async def _picture(request: Request, post: PostRow) -> Chunks:
    return await _read(request, Blob(post.picture or "", post.picture_size), 0)


async def _read(request: Request, blob: Blob, first: int) -> Chunks:
    """Open the bytes of a file. Raises NotFound when they are lost."""
    chunks = await services(request).blobs.open(blob, first)
    if chunks is None:
        raise NotFound
    return chunks


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _opened(request: Request, its_owner: str, sealed: object) -> Staged | None:
    """Return the picture of a seal; None unless it is ours, for this owner and young enough."""
    sealed_for, *staged = unseal(request, PURPOSE, sealed, uploads.SEAL_SECONDS) or [None]
    return Staged(*staged) if sealed_for == its_owner else None
