"""Files on their way into a task. None is ever held whole in memory."""

from collections.abc import AsyncIterator
from typing import NamedTuple


class Upload(NamedTuple):
    """A file that somebody sends; `size` in bytes, `chunks` can be read once."""

    filename: str
    content_type: str
    size: int
    chunks: AsyncIterator[bytes]


class Staged(NamedTuple):
    """A file that the tracker has taken and that no task holds yet. Whoever knows `token` may attach it."""

    token: str
    filename: str
    size: int
    content_type: str
