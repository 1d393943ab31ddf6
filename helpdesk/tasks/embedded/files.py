"""Files of the embedded tracker: their rows in the store, their bytes in `Blobs`."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from secrets import token_urlsafe

from sqlmodel import Session

from helpdesk.errors import Invalid, NotAllowed, NotFound
from helpdesk.store.blobs import Blob, Blobs
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.tokens import hashed
from helpdesk.store.tracker import files as rows
from helpdesk.tasks.embedded.permissions import rights
from helpdesk.tasks.files import GONE, Chunks, Staged, Upload, plain_name, plain_type
from helpdesk.tasks.model import Actor, Attachment, Member, OpenFile

STAGED = timedelta(hours=24)


class Files:
    """Stores and opens files outside a task's own transaction."""

    def __init__(self, database: Database, blobs: Blobs, clock: Callable[[], datetime]) -> None:
        self.database = database
        self.blobs = blobs
        self.clock = clock

    async def stage(self, actor: Actor, upload: Upload) -> Staged:
        """Store a file. Raises NotAllowed for somebody who may attach nowhere."""
        await self.database.run(lambda session: _require_attaching(session, actor))
        return await self.store(actor, upload)

    async def store(self, actor: Actor, upload: Upload) -> Staged:
        """Store a file of somebody who is known to be allowed to attach it somewhere."""
        name, kind, token = plain_name(upload.filename), plain_type(upload.content_type), token_urlsafe(32)
        blob, now = await self.blobs.save(upload.chunks), self.clock()

        def work(session: Session) -> list[str]:
            row = tables.Attachment(
                author_id=actor.id,
                filename=name,
                size=blob.size,
                content_type=kind,
                blob=blob.name,
                token_hash=hashed(token),
                created_at=now,
            )
            session.add(row)
            return rows.delete_staged(session, now - STAGED)

        try:
            stale = await self.database.run(work, writes=True)
        except BaseException:
            await self.blobs.delete([blob.name])
            raise
        await self.blobs.delete(stale)
        await self.blobs.delete_unfinished((now - STAGED).timestamp())
        return Staged(token, name, blob.size, kind)

    async def open(self, task_id: int, file_id: int) -> OpenFile:
        """Find a file of a task that the actor is known to see. Raises NotFound."""
        row = await self.database.run(lambda session: session.get(tables.Attachment, file_id))
        if row is None or row.task_id != task_id:
            raise NotFound
        return OpenFile(_attachment(row), partial(self._read, Blob(row.blob, row.size)))

    async def _read(self, blob: Blob, first: int) -> Chunks:
        chunks = await self.blobs.open(blob, first)
        if chunks is None:
            raise NotFound
        return chunks


def of_task(session: Session, task_id: int) -> tuple[Attachment, ...]:
    files = rows.of_task(session, task_id)
    return tuple(_attachment(row, Member(row.author_id, name, email)) for row, name, email in files)


def attach(session: Session, task_id: int, files: Iterable[Staged]) -> dict[int, str]:
    """Attach staged files; return their names by number. Raises Invalid for one that is gone or attached already."""
    names = {}
    for file in files:
        attached = rows.attach(session, hashed(file.token), task_id)
        if attached is None:
            raise Invalid({"files": [GONE]})
        names[attached[0]] = attached[1]
    return names


def _require_attaching(session: Session, actor: Actor) -> None:
    permissions = rights(session, actor).permissions.values()
    if not any({"comment", "create"} & each for each in permissions):
        raise NotAllowed


def _attachment(row: tables.Attachment, author: Member | None = None) -> Attachment:
    assert row.id
    return Attachment(row.id, row.filename, row.size, row.content_type, author, row.created_at)
