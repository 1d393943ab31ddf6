"""Long lists are compared by a few pages: whatever they lack of each other, something of it is found."""

from collections.abc import Sequence
from math import log2

from hypothesis import given
from hypothesis import strategies as st

from helpdesk.tasks.redmine.visible_both_ways import FEW, PAGE, Differing, differing

NUMBERS = st.sets(st.integers(1, 2_000), max_size=12)


async def compared(ours: set[int], theirs: set[int]) -> tuple[Differing, int]:
    """What differs, and how many pages were asked for."""
    listed, asked = sorted(theirs), []

    async def page(at: int, most: int) -> Sequence[int]:
        asked.append(at)
        return listed[at : at + most]

    return await differing(sorted(ours), len(theirs), page), len(asked)


@given(st.integers(0, 2_000), NUMBERS, NUMBERS)
async def test_the_named_differences_are_the_real_ones(size: int, less: set[int], more: set[int]) -> None:
    ours = set(range(1, size + 1)) - less
    theirs = (set(range(1, size + 1)) - more) | {it + size for it in list(less)[:3]}
    found, asked = await compared(ours, theirs)
    assert found.ours <= ours - theirs and found.theirs <= theirs - ours
    assert bool(found.ours | found.theirs) or len(ours) == len(theirs)
    assert len(found.ours) <= FEW and len(found.theirs) <= FEW
    assert asked <= log2(size + 1) + 2


async def test_a_list_that_lacks_a_whole_project_is_found_in_a_few_pages() -> None:
    ours = set(range(1, 20_001))
    found, asked = await compared(ours, {it for it in ours if it % 7})
    assert len(found.ours) == FEW and all(it % 7 == 0 for it in found.ours) and not found.theirs
    assert asked < 20


async def test_short_lists_are_compared_by_one_page() -> None:
    found, asked = await compared(set(range(1, PAGE)), set(range(2, PAGE + 1)))
    assert found == Differing(frozenset({1}), frozenset({PAGE})) and asked == 1
