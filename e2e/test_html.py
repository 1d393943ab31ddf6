"""The checker of HTML sees what it is there for, and nothing in what is right."""

import pytest

from e2e import html

PAGE = '<!doctype html><html lang="ru"><head><title>t</title></head><body>{}</body></html>'


@pytest.mark.parametrize(
    "wrong",
    [
        "<p><div>a block in a paragraph</div></p>",
        "<ul><li>not closed</ul></li>",
        "<form><form></form></form>",
        "<table><p>in the wrong place</p></table>",
        '<p id="a"></p><p id="a"></p>',
        '<label for="nothing">of nothing</label>',
        '<input aria-describedby="nothing">',
        '<p title="a" title="b"></p>',
        "<a href=#>not<a href=#>nested</a></a>",
    ],
)
def test_what_is_wrong_is_seen(wrong: str) -> None:
    assert html.faults(PAGE.format(wrong))


@pytest.mark.parametrize(
    "right",
    [
        '<svg class="icon" aria-hidden="true"><use href="/i.svg#check"/></svg>',
        '<template id="t"><div><p>held back</p></div></template>',
        '<label for="a">A</label><input id="a" required>',
        '<form><hx-partial hx-target="#a"><p>more</p></hx-partial></form>',
    ],
)
def test_what_is_right_is_left_alone(right: str) -> None:
    assert html.faults(PAGE.format(right)) == []
    assert html.faults(right) == []
