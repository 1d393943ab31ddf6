"""Files on their way out: as they come from the tracker, in parts if wished, to be kept and never to be run."""

from collections.abc import AsyncIterator, Mapping

from anyio import CancelScope
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from helpdesk.errors import NotFound
from helpdesk.tasks.files import Chunks, plain_type
from helpdesk.tasks.model import Attachment, Opened
from helpdesk.web import inputs, ranges, tasks
from helpdesk.web.guards import actor
from helpdesk.web.rendering import data, path_to, services

NEVER_RUN = "sandbox; default-src 'none'"


async def file(request: Request) -> Response:
    """The file; `?format=json` tells where it is and how large."""
    opened = await open_from(request, 0)
    held = opened.file
    if request.query_params.get("format") == "json":
        await opened.chunks.aclose()
        address = path_to(request, "api:download", **request.path_params)
        return data(request, {"download_url": address, "filename": held.filename, "filesize": held.size})
    headers = headers_of(held)
    if ranges.known(request.headers.get("if-none-match", ""), headers["ETag"]):
        await opened.chunks.aclose()
        return Response(status_code=304, headers={"ETag": headers["ETag"]})
    try:
        span = _span(request, held.size, headers["ETag"])
    except ranges.Unsatisfiable:
        await opened.chunks.aclose()
        raise
    if span is None:
        return await _sent(request, opened, ranges.Span(0, held.size - 1), 200, headers)
    part = {**headers, "Content-Range": f"bytes {span.first}-{span.last}/{held.size}"}
    return await _sent(request, opened, span, 206, part)


async def open_from(request: Request, first: int) -> Opened:
    """The file that the address names, from byte `first` on. Raises NotFound."""
    number: int = request.path_params["file_id"]
    if not 0 < number <= inputs.LARGEST_ID:
        raise NotFound
    return await services(request).tracker.open_file(await actor(request), tasks.task_id(request), number, first)


def headers_of(file: Attachment) -> dict[str, str]:
    """A file never changes: another one has another id."""
    return {
        "Content-Type": plain_type(file.content_type),
        "Content-Disposition": ranges.disposition(file.filename),
        "Content-Security-Policy": NEVER_RUN,
        "Accept-Ranges": "bytes",
        "ETag": f'"{file.id}-{file.size}"',
    }


class Streamed(StreamingResponse):
    """Some bytes, as they come. However this ends, a lost line among it, their source is let go of."""

    def __init__(self, chunks: Chunks, length: int, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(_at_most(chunks, length), status, {**headers, "Content-Length": str(length)})
        self.chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await self.chunks.aclose()


async def _sent(
    request: Request, opened: Opened, span: ranges.Span, status: int, headers: Mapping[str, str]
) -> Response:
    if request.method == "HEAD" or span.first:
        await opened.chunks.aclose()
    if request.method == "HEAD":
        return Response(status_code=status, headers={**headers, "Content-Length": str(span.length)})
    if span.first:
        opened = await open_from(request, span.first)
    return Streamed(opened.chunks, span.length, status, headers)


def _span(request: Request, size: int, tag: str) -> ranges.Span | None:
    """The part that is asked for; all when the asker holds parts of another file."""
    if request.headers.get("if-range", tag) != tag:
        return None
    return ranges.asked(request.headers.get("range", ""), size)


async def _at_most(chunks: AsyncIterator[bytes], length: int) -> AsyncIterator[bytes]:
    left = length
    async for chunk in chunks:
        yield chunk[:left]
        left -= len(chunk)
        if left <= 0:
            break
