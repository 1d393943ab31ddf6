"""Compare typed texts without regard to case, to ё or е, or to how a letter is composed."""

import re
from unicodedata import combining, normalize

# One byte for each character: the rank of an accent among those of a letter; a letter itself has 0.
_ACCENTS = re.compile(rb"[^\0]{2,}")


def fold(text: str) -> str:
    """Return `text` in a form for comparing, never for showing."""
    return normalize("NFKC", _in_order(text)).casefold().replace("ё", "е").strip()


def _in_order(text: str) -> str:
    """Decompose letters and put the accents of each into Unicode's order.

    `unicodedata.normalize` does the same, but moves each accent one by one past the others: 64 KB of accents take
    half a minute.
    """
    apart = "".join([normalize("NFKD", char) for char in text])
    places = bytes(map(combining, apart))
    pieces, end = list[str](), 0
    for run in _ACCENTS.finditer(places):
        pieces += (apart[end : run.start()], *sorted(apart[slice(*run.span())], key=combining))
        end = run.end()
    return "".join((*pieces, apart[end:]))
