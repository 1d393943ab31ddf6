"""Files that people get: whole or in parts, to be saved and never to be run; pictures also as smaller pictures."""

import re
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import NamedTuple
from urllib.parse import quote

from anyio import CancelScope
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from helpdesk.errors import NotFound
from helpdesk.store import disk
from helpdesk.tasks.files import ANY_TYPE, Chunks, plain_type
from helpdesk.tasks.model import Attachment, OpenFile
from helpdesk.tasks.pictures import MEDIA_TYPE, NoPicture, View
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import Act, record
from helpdesk.web.core.errors import RangeNotSatisfiable
from helpdesk.web.core.faces import accepted, json_response
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user

JSON = "application/json"
BYTES = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.ASCII | re.IGNORECASE)
TAG = re.compile(r'(W/)?"[^"]*"')
NOT_IN_QUOTES = re.compile(r'[^ -~]|["\\%]')
AS_FILE = "?format=file"  # whatever Accept says: a program may send the same with each of its requests
NEVER_RUN = "sandbox; default-src 'none'"
INERT = {
    *("text/plain", "text/csv", "text/calendar", "message/rfc822"),
    *(f"image/{name}" for name in ("png", "jpeg", "gif", "webp", "avif", "heic", "heif", "bmp", "tiff")),
    *(
        f"{medium}/{name}"
        for medium in ("audio", "video")
        for name in ("mpeg", "mp4", "ogg", "webm", "quicktime", "wav")
    ),
    *(f"application/{name}" for name in ("zip", "gzip", "x-7z-compressed", "x-tar", "vnd.rar", "x-rar-compressed")),
    *(
        f"application/{name}"
        for name in ("pdf", "rtf", "msword", "vnd.ms-excel", "vnd.ms-powerpoint", "vnd.ms-outlook")
    ),
}
"""Types that no browser runs, styles with or shows as a document of ours."""
SMALL = 192
LARGE = 1600
LARGEST_PICTURE_FILE = 32 * 1024 * 1024
PICTURE_HEADERS = {
    "Cache-Control": "private, max-age=3600",
    "Vary": "Cookie",
    # A browser shows a picture by itself on a page of its own making, which has a style in it.
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'",
}
OFFICE = ("application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.")


class Span(NamedTuple):
    """The bytes from `first` to `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


async def file(request: Request) -> Response:
    return await send(request, await _open(request), "api:download")


async def send(request: Request, opened: OpenFile, route: str) -> Response:
    """Send the file, or tell by JSON its address, which is that of `route`, and its size."""
    attachment = opened.file
    if wants_json(request):
        await _check_bytes(opened)
        address = path_to(request, route, **request.path_params) + AS_FILE
        return json_response(
            request, {"download_url": address, "filename": attachment.filename, "filesize": attachment.size}
        )
    return await stream(request, opened, f'"{attachment.id}-{attachment.size}"')  # a file of a task never changes


async def stream(request: Request, opened: OpenFile, tag: str) -> Response:
    """Send a file, whole or the part that is asked for. `tag` names its bytes: other bytes have another one."""
    size, headers = opened.file.size, _headers(opened.file, tag)
    if is_known_tag(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers={"ETag": tag})
    span = _span(request, size, tag)
    if span is None:
        return await _sent(request, opened, Span(0, size - 1), 200, headers)
    part = {**headers, "Content-Range": f"bytes {span.first}-{span.last}/{size}"}
    return await _sent(request, opened, span, 206, part)


def wants_json(request: Request) -> bool:
    """Tell whether the address asks for it by `format`, else whether Accept does: it names JSON, and no wildcard."""
    if format := request.query_params.get("format"):
        return format == "json"
    types = accepted(request.headers.get("accept", ""))
    return JSON in types and not any("*" in each for each in types)


async def thumbnail(request: Request) -> Response:
    return await send_picture(request, await _open(request), SMALL)


async def view(request: Request) -> Response:
    return await send_picture(request, await _open(request), LARGE)


async def send_picture(request: Request, opened: OpenFile, side: int, name: str = "") -> Response:
    """Send the picture at that size. Raises NotFound for other files, and for one that is too large to look into.

    `name` tells its bytes from those of all others; without one it is a file of a task, by its number.
    """
    view = View(name or f"{opened.file.id}-{opened.file.size}", side)
    headers = {**PICTURE_HEADERS, "ETag": f'"{view.file}-{side}"'}
    if is_known_tag(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if opened.file.size > LARGEST_PICTURE_FILE:
        raise NotFound
    try:
        with disk.writing():
            content = await services(request).pictures.smaller(view, partial(opened.read, 0))
    except NoPicture as error:
        raise NotFound from error
    if side == LARGE:
        await _record(request, opened.file)
    return Response(content, media_type=MEDIA_TYPE, headers=headers)


async def _open(request: Request) -> OpenFile:
    """Find the file that the address names. Raises NotFound."""
    task, file = request_data.task_id(request), request_data.path_id(request, "file_id")
    return await services(request).backend.open_file(await actor(request), task, file)


async def _check_bytes(opened: OpenFile) -> None:
    """Raise NotFound when the bytes of the file are lost."""
    await (await opened.read(0)).aclose()


def _headers(file: Attachment, tag: str) -> dict[str, str]:
    """Return the headers of a file."""
    return {
        "Content-Type": sent_type(file.content_type),
        "Content-Disposition": disposition(file.filename),
        "Content-Security-Policy": NEVER_RUN,
        "Accept-Ranges": "bytes",
        "ETag": tag,
    }


def sent_type(kind: str) -> str:
    """Return the type that a file is sent as: ANY_TYPE unless no browser runs anything of its kind."""
    plain = plain_type(kind)
    is_office = plain.startswith(OFFICE) and not plain.endswith("+xml")  # which browsers take for XML
    return plain if plain in INERT or is_office else ANY_TYPE


class Streamed(StreamingResponse):
    """Some bytes, as they come. Their source is released however this ends, also by a lost connection."""

    def __init__(self, chunks: Chunks, length: int, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(_at_most(chunks, length), status, {**headers, "Content-Length": str(length)})
        self.chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await self.chunks.aclose()


async def _sent(request: Request, opened: OpenFile, span: Span, status: int, headers: Mapping[str, str]) -> Response:
    if request.method == "HEAD":
        await _check_bytes(opened)
        return Response(status_code=status, headers={**headers, "Content-Length": str(span.length)})
    await _record(request, opened.file)
    return Streamed(await opened.read(span.first), span.length, status, headers)


async def _record(request: Request, file: Attachment) -> None:
    """Record that an administrator takes a file of a task: administrators see those of all tasks."""
    if "task_id" in request.path_params and (await current_user(request)).is_admin:
        await record(request, Act("file_taken", request_data.task_id(request), {"file": file.filename}))


def _span(request: Request, size: int, tag: str) -> Span | None:
    """Return the requested part; None for the whole file, also when the client has parts of another one."""
    if request.headers.get("if-range", tag) != tag:
        return None
    return byte_range(request.headers.get("range", ""), size)


async def _at_most(chunks: AsyncIterator[bytes], length: int) -> AsyncIterator[bytes]:
    remaining = length
    async for chunk in chunks:
        yield chunk[:remaining]
        remaining -= len(chunk)
        if remaining <= 0:
            break


def byte_range(header: str, size: int) -> Span | None:
    """Return the bytes that a Range header asks for; None for all of them (RFC 9110, section 14).

    That is so without a header, and for one that names several ranges or is invalid. Raises RangeNotSatisfiable.
    """
    match = BYTES.fullmatch(header)
    if not match or match[1] == match[2] == "":
        return None
    if not match[1]:
        first, last = max(0, size - int(match[2])), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
        if match[2] and int(match[2]) < first:
            return None
    if first >= size:
        raise RangeNotSatisfiable(size)
    return Span(first, last)


def is_known_tag(header: str, tag: str) -> bool:
    """Tell whether If-None-Match names a strong `tag`, or everything; it may name it weakly."""
    return header.strip() == "*" or any(it[0].removeprefix("W/") == tag for it in TAG.finditer(header))


def disposition(filename: str) -> str:
    """Return the Content-Disposition of a file to save, not to show, with an ASCII name beside its own (RFC 6266)."""
    plain = NOT_IN_QUOTES.sub("_", filename)
    exact = quote(filename.encode("utf-8", "replace"), safe="")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"
