"""Make the file of everything that we keep of a person, and forget the pictures of somebody who is anonymised.

`visible` is what the person may see at present: texts about all else are left out.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from sqlmodel import Session

from helpdesk.people.avatars import SIDES, file_of
from helpdesk.store import disk, personal_data
from helpdesk.store.database import Database
from helpdesk.store.models.tables import Person
from helpdesk.store.personal_texts import Visible
from helpdesk.threads import Threads

THREADS = Threads(2)
"""Files that are made at the same time."""


async def temporary(database: Database, person_id: int, visible: Visible, pictures: Path) -> IO[bytes]:
    """Return the file, open at its beginning; it is gone from the disk when it is closed. Raises TooLarge,
    StoreUnavailable, StorageFull."""
    return await THREADS.run(_temporary, database, person_id, visible, pictures)


def _temporary(database: Database, person_id: int, visible: Visible, pictures: Path) -> IO[bytes]:
    file: IO[bytes] = TemporaryFile()  # noqa: SIM115  # who gets it closes it
    try:
        with disk.writing():
            write(database, person_id, visible, pictures, file, personal_data.MOST_BYTES)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def write(
    database: Database, person_id: int, visible: Visible, pictures: Path, file: IO[bytes], most: int | None = None
) -> int:
    """Write the file in the calling thread, and return the number of rows in it. Raises TooLarge, StoreUnavailable."""

    def work(session: Session) -> int:
        file.seek(0)  # the store may run this again
        file.truncate()
        accounts = personal_data.accounts_of(session, person_id)
        shown = _pictures(accounts, pictures)
        return sum(personal_data.write(session, accounts, visible, file, shown, most).values())

    return database.run_here(work)


def _pictures(accounts: Sequence[Person], folder: Path) -> list[Path]:
    return [folder / file_of(it.avatar, SIDES[0]) for it in accounts if it.avatar]


def forget_pictures(names: Sequence[str], folder: Path) -> None:
    """Delete the pictures with these names."""
    for name in names:
        for side in SIDES:
            (folder / file_of(name, side)).unlink(missing_ok=True)
