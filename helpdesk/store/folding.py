"""How we compare what people type: without regard to case, to ё or е, or to how a letter was composed."""

import unicodedata


def fold(text: str) -> str:
    """`text` in one form for comparing; never for showing."""
    return unicodedata.normalize("NFKC", text).casefold().replace("ё", "е").strip()
