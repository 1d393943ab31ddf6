"""Define files on their way into a task. None is ever whole in memory."""

import re
from collections.abc import AsyncIterator
from typing import NamedTuple, Protocol
from unicodedata import category, normalize

from helpdesk.errors import sentence

LONGEST_NAME = 255
LONGEST_ENDING = 20
JOINERS = "\u200c\u200d"
JOINABLE = {"So", "Sm", "Sk", "Lo", "Mn", "Mc"}
"""Categories of emoji, and of letters and their marks in scripts without capitals: Arabic, those of India."""
FLAG = "\U0001f3f4"
TAGS = "".join(map(chr, range(0xE0020, 0xE0080)))  # which country's flag
LONGEST_FLAG = 8
ANY_TYPE = "application/octet-stream"
GONE = sentence("A file you had chosen is not here any more. Please choose it again.")
TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,63}/[a-z0-9][a-z0-9.+-]{0,99}")


class Chunks(Protocol):
    """The bytes of a file in pieces. Call `aclose` to stop before their end."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def __anext__(self) -> bytes: ...

    async def aclose(self) -> None: ...


class Upload(NamedTuple):
    """An uploaded file; `size` in bytes, `chunks` can be read once."""

    filename: str
    content_type: str
    size: int
    chunks: AsyncIterator[bytes]


class Staged(NamedTuple):
    """A file that is stored and belongs to no task yet. It can be attached with `token`."""

    token: str
    filename: str
    size: int
    content_type: str


def plain_name(name: str) -> str:
    """Return the name of a file without folders and unprintable characters; its extension is kept.

    A dot may begin it (`.env`), but it is never `.` or `..`.
    """
    last = re.split(r"[/\\]", normalize("NFC", name))[-1]
    clean = "".join(_printable(last, index) for index in range(len(last))).rstrip(" .").lstrip(" ")
    clean = re.sub(r"^\.{2,}", ".", clean) or "file"
    if len(clean) <= LONGEST_NAME:
        return clean
    ending = re.search(rf"\.\w{{1,{LONGEST_ENDING}}}$", clean)
    extension = ending[0] if ending else ""
    return clean[: LONGEST_NAME - len(extension)].rstrip(JOINERS) + extension


def _printable(name: str, index: int) -> str:
    """Return a character in printable form: invisible marks are dropped, other unprintable ones become spaces.

    A joiner between two emoji, or between two letters in scripts that join them, belongs to the text.
    """
    each, before = name[index], name[max(0, index - LONGEST_FLAG) : index]
    if each.isprintable():
        return each
    if (
        each in JOINERS
        and {category(it) for it in (before[-1:] or " ") + (name[index + 1 : index + 2] or " ")} <= JOINABLE
    ):
        return each
    if each in TAGS and before.rstrip(TAGS).endswith(FLAG):
        return each
    return "" if category(each) == "Cf" else " "


def plain_type(kind: str) -> str:
    """Return a media type without its parameters; ANY_TYPE for an invalid one."""
    plain = kind.partition(";")[0].strip().lower()
    return plain if TYPE.fullmatch(plain) else ANY_TYPE
