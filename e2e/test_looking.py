"""What looks at pages and watches journeys sees what it is there for, and nothing in what is right."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from e2e import axe, controls
from e2e.looking import PHONE
from e2e.watching import collect, finish

GROUND = "<style>body { background: #fff } :focus { outline: 2px solid #00f }</style>"


class Blank(NamedTuple):
    """A page of no helpdesk, watched as those of journeys, and what was complained of."""

    page: Page
    complaints: list[int | str]

    def told(self) -> str:
        finish([self.page])
        return " ".join(map(str, self.complaints))


@pytest.fixture
def blank(own_browser: Browser) -> Iterator[Blank]:
    context = own_browser.new_context()
    complaints = collect(context)
    page = context.new_page()
    page.goto("data:text/html,<!doctype html><body>")
    yield Blank(page, complaints)
    context.close()


@pytest.mark.parametrize(
    "wrong",
    [
        '<input style="border: 1px solid #ddd; background: #fff">',
        '<button style="border: 0; background: #eee">A</button>',
        '<button style="border: 0; background: none"><svg style="stroke: #ccc" width="9" height="9"></svg></button>',
        '<a href="#" style="border: 1px solid #ccc">A</a>',
        '<button style="outline: none">A</button>',
        '<button style="outline-color: #eef">A</button>',
    ],
)
def test_a_control_that_is_hard_to_see_is_reported(blank: Blank, wrong: str) -> None:
    blank.page.set_content(GROUND + wrong)
    assert controls.faults(blank.page)


@pytest.mark.parametrize(
    "right",
    [
        '<input style="border: 1px solid #777">',
        '<div style="border: 1px solid #777"><textarea style="border: 0"></textarea></div>',
        '<button style="border: 0; background: #00c; color: #fff">A</button>',
        '<button style="border: 0; background: none">A</button>',
        '<button style="border: 1px solid #ddd" disabled>A</button>',
        '<a href="#">A</a>',
    ],
)
def test_a_control_that_is_seen_is_not_reported(blank: Blank, right: str) -> None:
    blank.page.set_content(GROUND + right)
    assert controls.faults(blank.page) == []


HIDING = """<!doctype html><html lang="en"><title>A</title>
<style>@media (max-width: 400px) { .wide { display: none } }</style>
<main><h1>A</h1><button><span class="wide">A</span></button></main>"""


def test_a_name_that_only_a_phone_hides_is_reported(blank: Blank, tmp_path: Path) -> None:
    seen = axe.Seen(tmp_path / "seen")
    blank.page.set_content(HIDING)
    assert axe.new_faults(blank.page, seen) == []
    blank.page.set_viewport_size(PHONE)
    assert any("button-name" in fault for fault in axe.new_faults(blank.page, seen))


SWAP = """(keeps) => {
    document.body.innerHTML = "<button>A</button>";
    document.body.firstChild.focus();
    dispatchEvent(new Event("htmx:before:swap"));
    document.body.innerHTML = "<button>A</button>";
    if (keeps) document.body.firstChild.focus();
}"""


@pytest.mark.parametrize(("keeps", "told"), [(False, "the focus fell to the body from <button>A</button>"), (True, "")])
def test_a_focus_that_an_answer_takes_away_is_reported(blank: Blank, keeps: bool, told: str) -> None:
    blank.page.evaluate(SWAP, keeps)
    assert blank.told() == told


DRAW = """async (above) => {
    const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    document.body.innerHTML = "<p style='height: 300px'>A</p>";
    await drawn();
    const it = document.body.firstChild.cloneNode(true);
    document.body[above ? "prepend" : "append"](it);
    await drawn();
    await drawn();
}"""


@pytest.mark.parametrize("above", [True, False])
def test_a_page_that_moves_by_itself_is_reported(blank: Blank, above: bool) -> None:
    blank.page.evaluate(DRAW, above)
    assert blank.told().startswith("the page moved by") is above
