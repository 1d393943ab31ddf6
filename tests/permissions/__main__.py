"""`python -m tests.permissions 137` compares that world, `1 300` so many; prints differences and what was compared.

`--rows` prints what stands in the tables of the first, for somebody who looks for the reason of a difference.
"""

import asyncio
import sys

from tests.permissions.comparing import Counts
from tests.permissions.oracle import laboratory
from tests.permissions.sides import compared
from tests.permissions.worlds import as_text, drawn


async def main(first: int, last: int) -> int:
    """Returns how many differences there were."""
    counts, differences = Counts(), 0
    with laboratory() as lab:
        for seed in range(first, last + 1):
            comparison = await compared(lab, seed)
            counts, differences = counts.plus(comparison.counts), differences + len(comparison.differences)
            print(*comparison.differences, sep="\n", end="\n" if comparison.differences else "", flush=True)
            if seed % 10 == 0 or seed == last:
                print(f"up to world {seed}: {counts}, {differences} differences", flush=True)
    return differences


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()] or [1]
    if "--rows" in sys.argv:
        print(as_text(drawn(numbers[0])))
    else:
        sys.exit(min(1, asyncio.run(main(numbers[0], numbers[-1]))))
