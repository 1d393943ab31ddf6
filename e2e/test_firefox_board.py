"""The board in Firefox: a card moves by mouse and by keys, is refused and goes back, and says who was quicker."""

from collections.abc import Callable

import pytest

from e2e import boards
from e2e.boards import Move
from e2e.conftest import AsProgram
from e2e.firefox import Tab
from e2e.firefox_tabs import NewTab, come_in
from e2e.watching import Announced

BOARD = "/tasks/board"
RIGHT, LEFT, ESCAPE, ENTER = "\ue014", "\ue012", "\ue00c", "\ue007"  # WebDriver's names of keys

pytestmark = pytest.mark.xdist_group("firefox")


def stands_in(tab: Tab, move: Move, status: int) -> None:
    tab.sees(f".cards[data-status='{status}'] > #card-{move.task}:not([aria-busy])")


def by_mouse(tab: Tab, move: Move, to: int, meanwhile: Callable[[], object] = lambda: None) -> None:
    tab.take(f"#card-{move.task} > p")
    tab.sees(".cards.no")
    meanwhile()
    tab.put(f".column[data-status='{to}'] h2")


def by_keys(tab: Tab, move: Move, to: int, meanwhile: Callable[[], object] = lambda: None) -> None:
    tab.value("(css) => document.querySelector(css).focus()", f"#card-{move.task} .subject")
    tab.keys(" ")
    tab.sees(".cards.no")
    meanwhile()
    key = RIGHT if to > move.home else LEFT  # the demo's statuses have their numbers in their order
    while not tab.value("(css) => !!document.querySelector(css)", f".cards[data-status='{to}'] > #card-{move.task}"):
        tab.keys(key)
    tab.keys(ENTER)


@pytest.mark.parametrize("moved", [by_mouse, by_keys], ids=["mouse", "keys"])
def test_a_card_moves(
    new_tab: NewTab,
    move: Move,
    as_program: AsProgram,
    moved: Callable[..., None],
    announced: Announced,
) -> None:
    announced.add(409)
    anna, boris = as_program("anna"), as_program("boris")
    tab = come_in(new_tab(), BOARD)
    tab.sees(".board.movable")
    moved(tab, move, move.target, lambda: boards.there_and_back(boris, move))
    tab.sees(f"#card-{move.task} [role=alert]", "Борис Громов")
    stands_in(tab, move, move.home)
    tab.press(f"#card-{move.task} .move button[value='{move.target}']")
    tab.sees("#toasts", "Перемещено")
    stands_in(tab, move, move.target)
    assert boards.status_of(anna, move.task) == move.target
    if moved is by_mouse:
        tab.press("#toasts form button", "Вернуть")
        stands_in(tab, move, move.home)
        by_mouse(tab, move, move.forbidden)
        tab.sees("#toasts", "Рабочий процесс не пускает туда эту задачу.")
    else:
        tab.keys(" ")
        tab.sees(".cards.no")
        tab.keys(ESCAPE)
        tab.shows("#spoken", "Возвращено на место.")
    stands_in(tab, move, boards.status_of(anna, move.task))
