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
        '<a href="#">not<a href="#">nested</a></a>',
        '<input name="a">',
        "<h2>before the first heading</h2>",
        "<nav></nav><nav></nav>",
        '<span aria-label="said of nothing">a</span>',
        '<form><input name="a" aria-label="no way to send it"></form>',
        '<b style="color: red">by hand</b>',
    ],
)
def test_faulty_html_is_reported(html_faults: html.Faults, wrong: str) -> None:
    assert html_faults(PAGE.format(wrong))


@pytest.mark.parametrize(
    "right",
    [
        '<svg class="icon" aria-hidden="true"><use href="/i.svg#check"/></svg>',
        '<template id="t"><div><p>held back</p></div></template>',
        '<label for="a">A</label><input id="a" required>',
        '<hx-partial hx-target="#a"><li>more</li></hx-partial>',
    ],
)
def test_correct_html_is_not_reported(html_faults: html.Faults, right: str) -> None:
    assert html_faults(PAGE.format(right)) == []
    assert html_faults(right) == []


def test_a_fragment_may_name_an_element_elsewhere_on_the_page(html_faults: html.Faults) -> None:
    assert html_faults('<input aria-label="A" aria-describedby="elsewhere">') == []
    assert html_faults("<tr><td>in a table that is there already</td></tr>") == []
