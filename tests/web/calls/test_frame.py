"""The bar of an agent stands on every page, whatever the page itself shows."""

import pytest
from starlette.routing import Route

from helpdesk.demo.playable_phone import PlayablePhone
from helpdesk.services import Services
from helpdesk.store.database import Database
from helpdesk.web.routes import ROUTES
from tests.telephony.desks import Shift, beside_a_phone, on_phone, ring
from tests.web.conftest import HTML, Visit
from tests.world import EmbeddedWorld

PLAIN = [it.path for it in ROUTES if isinstance(it, Route) and "GET" in (it.methods or ()) and "{" not in it.path]
NO_PAGES = {"/notifications/stream", "/tasks/api/notifications/stream", "/users/logout"}


@pytest.fixture
def shift() -> Shift:
    return Shift()


@pytest.fixture
def services(database: Database, shift: Shift) -> Services:
    return beside_a_phone(database, PlayablePhone(shift.now))


def test_no_page_takes_the_words_of_the_bar_away(
    visit: Visit, services: Services, embedded: EmbeddedWorld, shift: Shift
) -> None:
    embedded.new_task()
    admin = visit("admin")
    on_phone(admin, services, "admin")
    ring(admin, shift)
    for address in PLAIN:
        if address not in NO_PAGES:
            answer = admin.get(address, headers=HTML)
            assert answer.status_code != 500, address
            if answer.status_code == 200 and "<body class=" in answer.text:
                assert 'id="phone-bar"' in answer.text, address
