"""Links to pages."""

import re
from html import unescape

import pytest

from helpdesk.web.lists.urls import nearby
from tests.web.conftest import HTML, Visit
from tests.world import EmbeddedWorld


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


def test_a_column_sorts_up_and_then_down_and_the_other_filters_stay(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task("x")
    anna, address = visit("anna"), "/tasks/my-tasks?search=x"
    for order in ("ascending", "descending", "ascending"):
        page = anna.get(address, headers=HTML).text
        address = unescape(re.search(r'class="id"[^>]*>\s*<input[^>]*>\s*<a href="([^"]+)"', page)[1])
        page = anna.get(address, headers=HTML).text
        assert f'class="id" aria-sort="{order}"' in page and 'value="x"' in page
