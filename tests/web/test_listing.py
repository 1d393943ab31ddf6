"""Links to pages."""

import pytest

from helpdesk.web.listing import nearby


@pytest.mark.parametrize(
    ("page", "pages", "shown"),
    [
        (1, 1, [1]),
        (1, 3, [1, 2, 3]),
        (5, 9, [1, None, 3, 4, 5, 6, 7, None, 9]),
        (4, 9, [1, 2, 3, 4, 5, 6, None, 9]),
        (9, 9, [1, None, 7, 8, 9]),
        (50, 9, [1, None, 9]),
    ],
)
def test_the_ends_and_the_neighbours_are_linked(page: int, pages: int, shown: list[int | None]) -> None:
    assert nearby(page, pages) == shown
