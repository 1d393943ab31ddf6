"""Turn the error of a full disk into StorageFull, which is answered with 507."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from helpdesk.errors import StorageFull

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def writing() -> Iterator[None]:
    """Raise StorageFull when the disk, a quota or the size limit of one file is reached."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise StorageFull(str(error)) from error
