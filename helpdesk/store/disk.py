"""Check the file of a SQLite store and its disk, which a plain query does not show, and report a full disk."""

import errno
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from helpdesk.errors import StorageFull
from helpdesk.store.database import Database

LONGEST_LOOK_SECONDS = 5.0
"""A store that takes longer is checked in part."""
STEPS = 10_000
"""Steps of SQLite's virtual machine between two looks at the clock."""
PROBE_BYTES = 1024 * 1024
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def file_of(database: Database) -> Path | None:
    """Return the file of a SQLite store; None for a server or a store in memory."""
    path = database.engine.url.database if database.is_sqlite else None
    return Path(path) if path and path != ":memory:" else None


def damage(file: Path) -> str | None:
    """Return what is damaged in a store, in SQLite's words; None when nothing was found."""
    ends_at = time.monotonic() + LONGEST_LOOK_SECONDS
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as store:
            store.set_progress_handler(lambda: time.monotonic() > ends_at, STEPS)
            result: str = store.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError:  # locked, or not to be opened, or too slow
        return None
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if result == "ok" else result


def can_write(folder: Path) -> bool:
    """Tell whether files can be made in a folder, which need not exist yet, and its disk has room."""
    existing = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.is_dir())
    try:
        with tempfile.TemporaryFile(dir=existing) as probe:
            probe.write(bytes(PROBE_BYTES))
            probe.flush()
    except OSError:
        return False
    return True


@contextmanager
def writing() -> Iterator[None]:
    """Raise StorageFull when the disk, a quota or the size limit of one file is reached."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise StorageFull(str(error)) from error
