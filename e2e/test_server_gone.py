"""A server that goes down under somebody's fingers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.watching import Announced
from tests.running import Helpdesk, running_demo
from tests.servers.process import end

TEXT = "Проверила кабель, он цел."
HTMX_SAYS = "htmx: htmx:error: Failed to fetch TypeError: Failed to fetch"


@pytest.fixture
def demo(tmp_path: Path, seeded: Path) -> Iterator[Helpdesk]:
    """A process of its own, for it is ended."""
    with running_demo(tmp_path, seeded) as helpdesk:
        yield helpdesk


@pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
def test_a_server_that_is_gone_is_told_of_and_the_text_stays(
    page: Page, demo: Helpdesk, as_program: AsProgram, announced: Announced
) -> None:
    announced.update({"net::ERR_CONNECTION_REFUSED", HTMX_SAYS})
    task = steps.some_task(as_program("anna"))
    steps.come_to(page, "anna", task["id"])
    end(demo.process)
    steps.add_comment(page, TEXT)
    expect(steps.toast(page, "Связь пропала. Возможно, ничего не сохранено.")).to_be_visible()
    expect(steps.comment_box(page)).to_have_value(TEXT)
