"""Which bytes of a file an answer holds (RFC 9110, section 14), and what a file is called on its way (RFC 6266)."""

import re
from typing import NamedTuple
from urllib.parse import quote

from helpdesk.errors import HelpdeskError, sentence

BYTES = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.ASCII | re.IGNORECASE)
TAG = re.compile(r'(W/)?"[^"]*"')
NOT_IN_QUOTES = re.compile(r'[^ -~]|["\\%]')


class Span(NamedTuple):
    """The bytes from `first` to `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class Unsatisfiable(HelpdeskError):
    """A range that has no byte of a file of `size` bytes."""

    code = "range_not_satisfiable"
    default = sentence("The file has no such part.")

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size


def asked(header: str, size: int) -> Span | None:
    """What a Range header asks for of so many bytes; None for all: without a header, for several ranges, for nonsense.

    Raises Unsatisfiable.
    """
    found = BYTES.fullmatch(header)
    if not found or found[1] == found[2] == "":
        return None
    if not found[1]:
        first, last = max(0, size - int(found[2])), size - 1
    else:
        first, last = int(found[1]), min(int(found[2] or size), size - 1)
        if found[2] and int(found[2]) < first:
            return None
    if first >= size:
        raise Unsatisfiable(size)
    return Span(first, last)


def known(header: str, tag: str) -> bool:
    """Tell whether If-None-Match names a strong `tag`, or everything; it may name it weakly."""
    return header.strip() == "*" or any(it[0].removeprefix("W/") == tag for it in TAG.finditer(header))


def disposition(filename: str) -> str:
    """Content-Disposition of a file that is to be kept, not shown: its name, and one for those who know only ASCII."""
    plain = NOT_IN_QUOTES.sub("_", filename)
    exact = quote(filename.encode("utf-8", "replace"), safe="")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"
