"""Files on their way into a task. None is ever held whole in memory."""

import re
from collections.abc import AsyncIterator
from typing import NamedTuple, Protocol
from unicodedata import normalize

LONGEST_NAME = 255
LONGEST_ENDING = 20
ANY_TYPE = "application/octet-stream"
TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,63}/[a-z0-9][a-z0-9.+-]{0,99}")


class Chunks(Protocol):
    """The bytes of a file as they come; whoever stops before their end calls `aclose`."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def __anext__(self) -> bytes: ...

    async def aclose(self) -> None: ...


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


def plain_name(name: str) -> str:
    """What a file is called, without the folders it came from and without what can't be shown; its ending is kept."""
    last = re.split(r"[/\\]", normalize("NFC", name))[-1]
    shown = "".join(each if each.isprintable() else " " for each in last).strip(" .") or "file"
    if len(shown) <= LONGEST_NAME:
        return shown
    ending = re.search(rf"\.\w{{1,{LONGEST_ENDING}}}$", shown)
    kept = ending[0] if ending else ""
    return shown[: LONGEST_NAME - len(kept)] + kept


def plain_type(kind: str) -> str:
    """A media type without its parameters; what is none is ANY_TYPE."""
    found = kind.partition(";")[0].strip().lower()
    return found if TYPE.fullmatch(found) else ANY_TYPE
