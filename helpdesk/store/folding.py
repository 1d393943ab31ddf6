"""How we compare what people type: without regard to case, to ё or е, or to how a letter was composed."""

import re
from unicodedata import combining, normalize

# In a byte for each character, its place among the accents of a letter; a letter itself has 0.
_ACCENTS = re.compile(rb"[^\0]{2,}")


def fold(text: str) -> str:
    """`text` in one form for comparing; never for showing."""
    return normalize("NFKC", _in_order(text)).casefold().replace("ё", "е").strip()


def _in_order(text: str) -> str:
    """The same to Unicode: letters and accents taken apart, the accents of each letter in the order that Unicode wants.

    Normalising would do that, too, but each accent passes those before it one by one: 64 KB of them take half a minute.
    """
    apart = "".join([normalize("NFKD", char) for char in text])
    places = bytes(map(combining, apart))
    pieces, end = list[str](), 0
    for run in _ACCENTS.finditer(places):
        pieces += (apart[end : run.start()], *sorted(apart[slice(*run.span())], key=combining))
        end = run.end()
    return "".join((*pieces, apart[end:]))
