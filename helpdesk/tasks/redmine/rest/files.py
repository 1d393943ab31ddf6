"""Send and receive the files of tasks over Redmine's REST API: streamed, never whole in memory, within time limits."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from functools import partial
from time import monotonic

import httpx

from helpdesk.errors import BadResponse, Invalid, Malformed, Sentence, TooLarge
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
    part,
    within,
)
from helpdesk.tasks.files import Staged, Upload, plain_name, plain_type
from helpdesk.tasks.model import Actor, Attachment, OpenFile
from helpdesk.tasks.redmine.rest import json_mapper
from helpdesk.tasks.redmine.rest.calls import RestCalls
from helpdesk.tasks.redmine.rest.user_cache import forbidden_is_missing

UPLOADS = "/uploads.json"
BYTES_A_SECOND = 2**20
"""Less than a healthy Redmine transfers in a second even on a loaded machine."""


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
        async for chunk in checked_chunks(upload):
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


async def checked_chunks(upload: Upload) -> AsyncIterator[bytes]:
    """Yield the chunks of a file. Raises Malformed for one that is shorter or longer than it said."""
    seen = 0
    async for chunk in upload.chunks:
        seen += len(chunk)
        if seen > upload.size:
            raise Malformed(detail="a file longer than it said")
        yield chunk
    if seen < upload.size:
        raise Malformed(detail="a file shorter than it said")


async def receive(client: RedmineClient, path: str, as_login: str, size: int, first: int) -> "Download":
    """Open a file of `size` bytes from byte `first` on. Raises what the client does, NotFound for lost bytes."""
    headers = {**client.headers(as_login), b"Accept": b"*/*", b"Accept-Encoding": b"identity"}
    if first:
        headers[b"Range"] = f"bytes={first}-".encode()
    request = client.transfers.build_request("GET", path, headers=headers)
    try:
        response = await client.transfers.send(request, stream=True)
    except httpx.HTTPError as error:
        give_up(error, f"GET {path}: {type(error).__name__}")
    try:
        begins = _start_of(response, path, size, first)
    except BaseException:
        await response.aclose()
        raise
    chunks = _chunks(response, first - begins, size - begins)
    return Download(response, chunks, client.deadline + size / BYTES_A_SECOND)


def _start_of(response: httpx.Response, path: str, size: int, first: int) -> int:
    """Return where the answer begins: Redmine's own server always sends all, one before it may send the part."""
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
    """Yield an answer of `length` bytes without its first `skip`. Raises BadResponse for one of another length."""
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
    """Bytes as they come. They end early only by raising Unavailable, so that half a file is never taken for a whole.

    `patience` is the seconds that may be spent waiting for Redmine in all; the reader's own time is not counted.
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


KILOBYTE = 1024


ReadAttachment = Callable[[Actor, int, int], Awaitable[Attachment]]


class IssueFiles:
    """`read_attachment` finds a file of a task, within a call of this class."""

    def __init__(self, calls: RestCalls, read_attachment: ReadAttachment) -> None:
        self.calls, self.client, self.users, self.read_attachment = calls, calls.client, calls.users, read_attachment

    async def stage(self, actor: Actor, upload: Upload) -> Staged:
        """Send a file. Redmine tells its limit of size only by refusing; its own `rake redmine:attachments:prune`
        removes files that nobody attaches."""
        async with self.calls.reading():
            await self.users.me(actor)
        plain = upload._replace(filename=plain_name(upload.filename), content_type=plain_type(upload.content_type))
        try:
            answer = part(await send(self.client, plain, actor.login), "upload")
        except Invalid as refusal:
            raise _refusal(refusal, upload.size) from refusal
        async with self.calls.reading():
            return Staged(json_mapper.text(answer, "token"), plain.filename, plain.size, plain.content_type)

    async def open_file(self, actor: Actor, task_id: int, file_id: int) -> OpenFile:
        async with self.calls.reading():
            await self.users.me(actor)
            file = await self.read_attachment(actor, task_id, file_id)
        return OpenFile(file, partial(self._read, actor, file))

    async def _read(self, actor: Actor, file: Attachment, first: int) -> Download:
        async with self.calls.reading():
            with forbidden_is_missing():
                path = f"/attachments/download/{file.id}"
                return await receive(self.client, path, actor.login, file.size, first)


def _refusal(refusal: Invalid, size: int) -> Invalid | TooLarge:
    """Return TooLarge when Redmine's sentence names a limit below the size; it may refuse for other reasons.

    Source: Redmine's Attachment#validate_max_file_size, #validate_file_extension; the limit is in bytes.
    """
    sentences: list[Sentence] = [sentence for of_field in refusal.fields.values() for sentence in of_field]
    for sentence in sentences:
        limits = [int(number) for number in re.findall(r"\d{4,15}", sentence.text)]
        if any(limit < size and limit % KILOBYTE == 0 for limit in limits):
            return TooLarge(sentence, detail=refusal.detail)
    return Invalid({"files": sentences})
