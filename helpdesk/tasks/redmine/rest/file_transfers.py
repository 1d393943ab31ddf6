"""The bytes of a file on their way to Redmine and from it: never whole in memory, never waited for without an end."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from time import monotonic

import httpx

from helpdesk.errors import BadResponse, Malformed
from helpdesk.redmine_client import (
    CALL_SECONDS,
    CONNECT_SECONDS,
    JSON,
    Answer,
    RedmineClient,
    Unanswered,
    failure,
    give_up,
    json_object,
    within,
)
from helpdesk.tasks.files import Upload

UPLOADS = "/uploads.json"
# What a Redmine that is well takes and gives in a second even on a loaded machine, by far.
BYTES_A_SECOND = 2**20


async def send(client: RedmineClient, upload: Upload, as_login: str) -> JSON:
    """Send a file and return Redmine's answer. However slow the sender is, Redmine answers soon after the last byte.

    Redmine takes a file only as `application/octet-stream` (AttachmentsController#upload). Raises TooLarge and Invalid,
    besides what the client does, and Malformed when the file is not as long as it said.
    """
    patience = client.deadline + upload.size / BYTES_A_SECOND
    timeout = httpx.Timeout(CALL_SECONDS, connect=CONNECT_SECONDS, read=patience)
    size_headers = {b"Content-Type": b"application/octet-stream", b"Content-Length": str(upload.size).encode()}
    params = [("filename", upload.filename), ("content_type", upload.content_type)]

    async def body() -> AsyncIterator[bytes]:
        async for chunk in exactly(upload):
            yield chunk
        limit.reschedule(asyncio.get_running_loop().time() + patience)

    try:
        async with asyncio.timeout(None) as limit:
            headers = {**client.headers(as_login), **size_headers}
            answer = await client.send(
                "POST", UPLOADS, client.transfers, params=params, headers=headers, content=body(), timeout=timeout
            )
    except TimeoutError as error:
        raise Unanswered(detail=f"POST {UPLOADS}: no answer") from error
    return json_object(UPLOADS, answer)


async def exactly(upload: Upload) -> AsyncIterator[bytes]:
    """The chunks of a file. Raises Malformed for one that is shorter or longer than it said."""
    seen = 0
    async for chunk in upload.chunks:
        seen += len(chunk)
        if seen > upload.size:
            raise Malformed(detail="a file longer than it said")
        yield chunk
    if seen < upload.size:
        raise Malformed(detail="a file shorter than it said")


async def receive(client: RedmineClient, path: str, as_login: str, size: int, first: int) -> "Download":
    """A file of `size` bytes from byte `first` on. Raises what the client does, NotFound when its bytes are gone."""
    headers = {**client.headers(as_login), b"Accept": b"*/*", b"Accept-Encoding": b"identity"}
    if first:
        headers[b"Range"] = f"bytes={first}-".encode()
    request = client.transfers.build_request("GET", path, headers=headers)
    try:
        response = await client.transfers.send(request, stream=True)
    except httpx.HTTPError as error:
        give_up(error, f"GET {path}: {type(error).__name__}")
    try:
        begins = _begin(response, path, size, first)
    except BaseException:
        await response.aclose()
        raise
    chunks = _chunks(response, first - begins, size - begins)
    return Download(response, chunks, client.deadline + size / BYTES_A_SECOND)


def _begin(response: httpx.Response, path: str, size: int, first: int) -> int:
    """Return the first byte of the answer: Redmine's own server always sends all, one before it may send the part."""
    if response.status_code not in (200, 206):
        raise failure("GET", Answer(response.status_code, b""), f"GET {path}: {response.status_code}")
    is_part = response.status_code == 206
    if is_part and not response.headers.get("content-range", "").startswith(f"bytes {first}-"):
        raise BadResponse(detail=f"GET {path}: another part than was asked for")
    begins = first if is_part else 0
    length = response.headers.get("content-length")
    if response.headers.get("content-encoding", "identity") != "identity" or length not in (None, str(size - begins)):
        raise BadResponse(detail=f"GET {path}: not the file")
    return begins


async def _chunks(response: httpx.Response, skip: int, length: int) -> AsyncGenerator[bytes]:
    """The `length` bytes of an answer but for the first `skip`."""
    path, seen = response.request.url.path, 0
    try:
        async for chunk in response.aiter_raw():
            fresh = chunk[max(0, skip - seen) :]
            seen += len(chunk)
            if fresh:
                yield fresh
    except httpx.HTTPError as error:
        give_up(error, f"GET {path}: {type(error).__name__}")
    finally:
        await response.aclose()
    if seen != length:
        raise BadResponse(detail=f"GET {path}: {seen} bytes and not {length}")


class Download:
    """Bytes as they come. They end early only by raising Unavailable, so that nobody takes half a file for a whole one.

    `patience` is how many seconds may be spent waiting for Redmine in all; the reader's own time is not counted.
    """

    def __init__(self, response: httpx.Response, chunks: AsyncGenerator[bytes], patience: float) -> None:
        self.response = response
        self.chunks = chunks
        self.patience = patience

    def __aiter__(self) -> "Download":
        return self

    async def __anext__(self) -> bytes:
        began = monotonic()
        async with within(self.patience):
            chunk = await anext(self.chunks, None)
        self.patience -= monotonic() - began
        if chunk is None:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        """Let go of the connection, also when nothing was read."""
        await self.chunks.aclose()
        await self.response.aclose()
