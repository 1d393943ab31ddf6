"""Write everything that the store keeps of a person into one archive: a file of JSON for each table that refers to
people. Of secrets it only says that there is one, and of what others wrote it has what the person may read at present
(`personal_texts.py`).
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from io import BufferedIOBase
from itertools import groupby
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.errors import TooLarge, sentence
from helpdesk.store import directory_accounts, moved_rows, personal_texts
from helpdesk.store.models import table as table_of
from helpdesk.store.models.tables import Person
from helpdesk.store.personal_texts import PRESENT, Reader, Visible

MOST_BYTES = 100 * 1024 * 1024
ROWS_AT_ONCE = 500
SECRETS = {
    "password_hash", "token_hash", "id_hash", "code_hash", "body_hash", "address_hash", "session_hash", "secret",
    "headers", "p256dh", "auth", "phone_secret",
}  # fmt: skip
"""Columns that let somebody in, or what one could be made of."""
TOO_MUCH = sentence("There is more of it than %(most)s MB. The command helpdesk user export has no such limit.")


def accounts_of(session: Session, person_id: int) -> list[Person]:
    """Return all accounts of a person: the one that the others were joined into comes first."""
    kept = directory_accounts.kept_of(session, session.get_one(Person, person_id))
    return [kept, *session.exec(select(Person).where(Person.joined_into == kept.id).order_by(col(Person.id)))]


def write(
    session: Session,
    accounts: Sequence[Person],
    visible: Visible,
    file: IO[bytes],
    pictures: Sequence[Path],
    most: int | None,
) -> dict[str, int]:
    """Write the archive, and return the number of rows by table. `visible` is what the person may see now.
    Raises TooLarge beyond `most` bytes before packing."""
    ids, counts = ids_of(accounts), dict[str, int]()
    reader = Reader(frozenset(ids), visible)
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        limit = _Limit(most)
        for table, conditions in _conditions(ids):
            with archive.open(f"{table.name}.json", "w", force_zip64=True) as part:
                counts[table.name] = _write_rows(session, table, conditions, reader, limit.over(part))
        for path in pictures:
            if path.exists():
                archive.write(path, path.name)
        about = {"accounts": ids, "made_at": _plain(datetime.now(UTC)), "rows": counts}
        archive.writestr("about.json", json.dumps(about, indent=1))
    return counts


def ids_of(accounts: Sequence[Person]) -> list[int]:
    return [it.id for it in accounts if it.id is not None]


def _conditions(ids: Sequence[int]) -> Iterator[tuple[sa.Table, sa.ColumnElement[bool]]]:
    """Yield each table, with the condition that a row is about these accounts. Of accounts only these themselves are:
    the others' rows are theirs."""
    people = table_of(Person)
    yield people, people.c.id.in_(ids)
    for table, links in groupby(moved_rows.references(), key=lambda it: it.table):
        if table is not people:
            yield table, sa.or_(*(link.column.in_(ids) for link in links))


def _write_rows(
    session: Session, table: sa.Table, condition: sa.ColumnElement[bool], reader: Reader, part: "_Limited"
) -> int:
    query = sa.select(table).where(condition).order_by(*table.primary_key.columns)
    rows, count = session.execute(query, execution_options={"yield_per": ROWS_AT_ONCE}).mappings(), 0
    part.write(b"[")
    for row in rows:
        values = {name: _shown(name, value) for name, value in personal_texts.readable(table.name, row, reader).items()}
        part.write((",\n" if count else "\n").encode() + json.dumps(values, ensure_ascii=False).encode())
        count += 1
    part.write(b"\n]\n")
    return count


def _shown(name: str, value: Any) -> Any:
    if name in SECRETS:
        return PRESENT if value else None
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


class _Limit:
    """The bytes that may still be written."""

    def __init__(self, most: int | None) -> None:
        self.most, self.left = most, most

    def over(self, part: "IO[bytes] | BufferedIOBase") -> "_Limited":
        return _Limited(part, self)

    def take(self, size: int) -> None:
        if self.left is None or self.most is None:
            return
        self.left -= size
        if self.left < 0:
            raise TooLarge(sentence(TOO_MUCH.text, most=self.most // 1024 // 1024))


class _Limited:
    def __init__(self, part: "IO[bytes] | BufferedIOBase", limit: _Limit) -> None:
        self.part, self.limit = part, limit

    def write(self, content: bytes) -> None:
        self.limit.take(len(content))
        self.part.write(content)
