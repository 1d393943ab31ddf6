"""How much of a random test is done: in `make test`, and at length in `make soak`."""

import os

SOAK = bool(os.environ.get("SOAK"))


def examples(number: int) -> int:
    """Return the number of Hypothesis examples: the given one, three times as many at length."""
    return 3 * number if SOAK else number
