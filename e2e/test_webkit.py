"""WebKit, too: one comes in, answers, moves a card by its form and by keys, and hears of what others do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e import steps
from e2e.boards import Move, some_move, status_of
from e2e.conftest import AsProgram
from e2e.firefox import until
from e2e.webkit import BROWSER, DRIVER, SCREEN, WebKit, running_webkit

SPACE, RIGHT, LEFT = " ", "\ue014", "\ue012"  # WebDriver's names of the keys

pytestmark = pytest.mark.xdist_group("webkit")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("webkit")


@pytest.fixture
def webkit(folder: Path, site: str) -> Iterator[WebKit]:
    if not all(it.exists() for it in (DRIVER, SCREEN, BROWSER)):
        # Not at the top: pytest wants to be the first to load a plugin that it is told of.
        from tests.servers.fixtures import unavailable

        unavailable("no WebKit: run scripts/install-test-services")
    with running_webkit(folder, site) as webkit:
        webkit.go("/tasks/my-tasks")
        webkit.write("#username", "anna")
        webkit.write("#password", "demo")
        webkit.press("main form .main")
        webkit.sees(".me summary", "Анна Светлова")
        yield webkit


def test_a_task_of_the_list_is_answered_and_resolved(webkit: WebKit, as_program: AsProgram) -> None:
    anna = as_program("anna")
    task = steps.some_task(anna, status="В работе")
    webkit.write("#find", task["subject"])
    webkit.press(".find button")
    webkit.press("main table a", task["subject"])
    webkit.write("form.compose textarea", "Готово, проверьте.")
    webkit.press(".compose-send > .main")
    webkit.sees(".task-entry", "Готово, проверьте.")
    *_, entry = steps.history(anna, task["id"])
    assert (entry["notes"], entry["changes"]) == ("Готово, проверьте.", ["Статус: В работе → Решена"])


@pytest.fixture
def move(as_program: AsProgram) -> Move:
    anna = as_program("anna")
    return some_move(anna, [it["id"] for it in steps.tasks(anna, per_page=25)["tasks"]])


def stands_in(webkit: WebKit, move: Move, status: int) -> None:
    webkit.sees(f".cards[data-status='{status}'] #card-{move.task}:not([aria-busy])")


def test_a_card_moves_by_its_form(webkit: WebKit, move: Move, as_program: AsProgram) -> None:
    webkit.go("/tasks/board?assigned_to_id=any")
    webkit.press(f"#card-{move.task} .grip")
    webkit.press(f"#card-{move.task} .move button[value='{move.target}']")
    stands_in(webkit, move, move.target)
    assert status_of(as_program("anna"), move.task) == move.target


def test_a_card_moves_by_keys(webkit: WebKit, move: Move, as_program: AsProgram) -> None:
    anna = as_program("anna")
    webkit.go("/tasks/board?assigned_to_id=any")
    stands_in(webkit, move, move.home)
    card = f"card-{move.task}"
    webkit.value("document.querySelector(arguments[0]).focus()", f"#{card} .subject")
    webkit.keys(SPACE)
    webkit.sees(".cards.no")  # where the card may not go
    webkit.keys(RIGHT)
    if webkit.value("return document.getElementById(arguments[0]).parentNode.dataset.status", card) == str(move.home):
        webkit.keys(LEFT)  # it is in the last column that takes it
    webkit.keys(SPACE)
    until(lambda: status_of(anna, move.task) != move.home, "the card has moved")


def test_what_others_do_is_heard_at_once(webkit: WebKit, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"))
    webkit.sees("#fresh[data-tick]")
    steps.tell(as_program("boris"), task["id"], "Уже еду.")
    webkit.sees("[data-unread]", "1")
