"""The pages of pushes and mail where these are set up, after things have gone well and wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from e2e import channel_states, steps
from e2e.conftest import AsProgram
from e2e.looking import Look
from e2e.states import Part, Stage
from e2e.watching import Announced
from helpdesk.notifications.channels.webpush import keys
from helpdesk.store.database import Database
from tests.running import STORE, Helpdesk, running_production
from tests.servers.process import free_port

pytestmark = [
    pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True),
    pytest.mark.xdist_group("channel states"),  # they share a helpdesk
]


@pytest.fixture(scope="module")
def sending(tmp_path_factory: pytest.TempPathFactory, seeded: Path) -> Iterator[Helpdesk]:
    """One whose channels are all set, and reach nobody."""
    pair = keys.new_pair()
    environ = {"VAPID_PUBLIC_KEY": pair.public, "VAPID_PRIVATE_KEY": pair.private, "VAPID_CLAIM_EMAIL": "a@b.test"}
    environ |= {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(free_port()), "SMTP_FROM": "helpdesk@example.test"}
    environ |= {"FIREBASE_PROJECT_ID": "company", "FIREBASE_SERVICE_ACCOUNT_PATH": "/nowhere"}
    with running_production(tmp_path_factory.mktemp("sending"), seeded, environ) as helpdesk:
        yield helpdesk


@pytest.fixture(scope="module")
def task(sending: Helpdesk) -> int:
    """A task of anna's that letters were written from."""
    client = steps.program(sending.url, "anna")
    number = int(steps.some_task(client)["id"])
    client.close()
    store = Database(f"sqlite:///{sending.folder / 'data' / STORE}")
    store.run_here(lambda session: channel_states.fill(session, number), writes=True)
    store.close()
    return number


@pytest.fixture
def site(sending: Helpdesk) -> str:
    return sending.url


@pytest.mark.parametrize("part", channel_states.PARTS.values(), ids=channel_states.PARTS)
def test_states(
    page: Page, look: Look, announced: Announced, as_program: AsProgram, sending: Helpdesk, task: int, part: Part
) -> None:
    announced.update(part.refusals)
    anna, boris, admin = (as_program(login) for login in ("anna", "boris", "admin"))
    stage = Stage(page, anna, boris, admin, sending, task, task)
    steps.come_in(page, part.login)
    for name, reach in part.states.items():
        reach(stage)
        look(name)
