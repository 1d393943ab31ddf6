"""WebKit, too: one comes in, answers, moves a card by its form and by keys, and hears of what others do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e import steps
from e2e.conftest import AsProgram
from e2e.webkit import BROWSER, DRIVER, SCREEN, WebKit, running_webkit

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
