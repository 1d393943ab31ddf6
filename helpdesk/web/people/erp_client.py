"""Offer the client of the ERP that ERP_FILE_PATH names: what it is, and its bytes, whole or in parts."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import file_digest
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotConfigured, NotFound, Overloaded, Sentence, sentence
from helpdesk.tasks.files import ANY_TYPE, Chunks
from helpdesk.tasks.model import Attachment, OpenFile
from helpdesk.threads import Threads
from helpdesk.web.core.faces import json_response, moment
from helpdesk.web.core.services import path_to, services
from helpdesk.web.files import downloads

PIECE = 256 * 1024
READING, HASHING = Threads(4), Threads(1)
WAIT_SECONDS = 1.0
MISSING = sentence("The file of the ERP client is missing. Please tell an administrator.")


class Client(NamedTuple):
    """The file as it is now. `sha256` is empty while it is being computed."""

    path: Path
    size: int
    changed_at: datetime
    mark: int
    sha256: str = ""

    @property
    def filename(self) -> str:
        return self.path.name


class Offer(NamedTuple):
    """The client, or why there is none."""

    client: Client | None
    missing: Sentence | None = None


async def download(request: Request) -> Response:
    """Send the file, or tell by JSON what it is. Raises NotConfigured, NotFound."""
    if downloads.wants_json(request):
        return json_response(request, _to_dict(request, await described(request)))
    client = await found(request)

    async def read(first: int) -> Chunks:
        pieces = _pieces(client, first)
        try:
            await anext(pieces)
        except OSError as error:
            raise NotFound(MISSING) from error
        return pieces

    opened = OpenFile(Attachment(0, client.filename, client.size, ANY_TYPE), read)
    return await downloads.stream(request, opened, f'"{client.mark:x}-{client.size}"')


async def found(request: Request) -> Client:
    """Look for the file. Raises NotConfigured without the setting, and NotFound without the file."""
    path = services(request).settings.erp_file_path
    if path is None:
        raise NotConfigured
    client = await READING.run(_look, path)
    if client is None:
        raise NotFound(MISSING)
    return client


async def described(request: Request) -> Client:
    """Look for the file, and compute its hash once for each version. A page does not wait for that."""
    client = await found(request)
    with suppress(TimeoutError, Overloaded, OSError):
        async with asyncio.timeout(WAIT_SECONDS):
            return client._replace(sha256=await HASHING.run(_sha256, client.path, client.mark, client.size))
    return client


async def offered(request: Request) -> Offer | None:
    """Return what a page shows of the client; None without the setting."""
    with suppress(NotConfigured):
        try:
            return Offer(await described(request))
        except NotFound as error:
            return Offer(None, error.message)
    return None


def _look(path: Path) -> Client | None:
    try:
        told = path.stat()
    except OSError:
        return None
    changed_at = datetime.fromtimestamp(int(told.st_mtime), UTC)
    return Client(path, told.st_size, changed_at, told.st_mtime_ns) if S_ISREG(told.st_mode) else None


@lru_cache(maxsize=4)
def _sha256(path: Path, mark: int, size: int) -> str:
    """Return the hash of the version that these values name."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


async def _pieces(client: Client, first: int) -> AsyncGenerator[bytes, None]:
    """Yield an empty piece once the file is open, then its pieces. Raises OSError."""
    file = await READING.run(_opened, client.path, first)
    try:
        yield b""
        while piece := await READING.run(file.read, PIECE):
            yield piece
    finally:
        READING.later(file.close)  # an abandoned read may still use it


def _opened(path: Path, first: int) -> BinaryIO:
    file = path.open("rb")
    file.seek(first)
    return file


def _to_dict(request: Request, client: Client) -> dict[str, object]:
    return {
        "filename": client.filename,
        "size": client.size,
        "changed_at": moment(client.changed_at),
        "sha256": client.sha256 or None,
        "download_url": path_to(request, "people:download_erp") + downloads.AS_FILE,
    }
