"""Parse JSON of other systems so that other threads go on meanwhile, however large it is.

Python changes threads only between calls into C, and parsing is one such call.
"""

import codecs
import json
import re
from typing import Any

DECODED_AT_ONCE = 2**17
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<lone>u[dD][89a-fA-F])|.)", re.DOTALL)


def parsed(content: bytes) -> Any:
    """Return the value of JSON in UTF-8. Raises ValueError and RecursionError.

    Half of a character that takes two escapes raises ValueError: no text with it can be encoded.
    """
    value = json.loads(_decoded(content), object_hook=_same)
    if _has_lone_surrogate(content):
        raise ValueError("half of a character")
    return value


def _decoded(content: bytes) -> str:
    pieces = (content[start : start + DECODED_AT_ONCE] for start in range(0, len(content), DECODED_AT_ONCE))
    return "".join(codecs.iterdecode(pieces, "utf-8"))


def _same(value: Any) -> Any:
    """Return the object: the parser lets other threads go on whenever it calls this."""
    return value


def _has_lone_surrogate(content: bytes) -> bool:
    """Tell whether valid JSON has an escape for half of a character without the other half."""
    escapes = _ESCAPE.finditer(content) if _SURROGATE.search(content) else ()
    return any(escape["lone"] for escape in escapes)
