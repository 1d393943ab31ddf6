"""Files on their way into a task. None is ever held whole in memory."""

import re
from collections.abc import AsyncIterator
from typing import NamedTuple, Protocol
from unicodedata import category, normalize

LONGEST_NAME = 255
LONGEST_ENDING = 20
JOINERS = "\u200c\u200d"
JOINABLE = {"So", "Sm", "Sk", "Lo", "Mn", "Mc"}
"""Categories of emoji, and of letters and their marks in scripts without capitals: Arabic, those of India."""
FLAG = "\U0001f3f4"
TAGS = "".join(map(chr, range(0xE0020, 0xE0080)))  # which country's flag
LONGEST_FLAG = 8
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
    """Return the name of a file without the folders it came from and without what can't be shown; its ending is kept.

    A dot may begin it (`.env`), but it is never `.` or `..`.
    """
    last = re.split(r"[/\\]", normalize("NFC", name))[-1]
    shown = "".join(_shown(last, place) for place in range(len(last))).rstrip(" .").lstrip(" ")
    shown = re.sub(r"^\.{2,}", ".", shown) or "file"
    if len(shown) <= LONGEST_NAME:
        return shown
    ending = re.search(rf"\.\w{{1,{LONGEST_ENDING}}}$", shown)
    extension = ending[0] if ending else ""
    return shown[: LONGEST_NAME - len(extension)].rstrip(JOINERS) + extension


def _shown(name: str, place: int) -> str:
    """A character of a name as it can be shown: marks without a look are left out, other such ones become spaces.

    What joins two emoji, or keeps two letters of one word apart in scripts that join them, belongs to the text.
    """
    each, before = name[place], name[max(0, place - LONGEST_FLAG) : place]
    if each.isprintable():
        return each
    if (
        each in JOINERS
        and {category(it) for it in (before[-1:] or " ") + (name[place + 1 : place + 2] or " ")} <= JOINABLE
    ):
        return each
    if each in TAGS and before.rstrip(TAGS).endswith(FLAG):
        return each
    return "" if category(each) == "Cf" else " "


def plain_type(kind: str) -> str:
    """A media type without its parameters; what is none is ANY_TYPE."""
    found = kind.partition(";")[0].strip().lower()
    return found if TYPE.fullmatch(found) else ANY_TYPE
