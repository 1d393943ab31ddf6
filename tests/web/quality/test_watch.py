"""The button by which controllers are notified of new requests."""

import pytest

from helpdesk.people.rights import QUALITY
from helpdesk.services import Services
from helpdesk.store import quality_watchers, rights
from tests.web.conftest import HTML, Client, Visit
from tests.world import PEOPLE_IDS

BORIS = PEOPLE_IDS["boris"]
HERE = "/quality-control/watch"


@pytest.fixture
def controller(visit: Visit, services: Services) -> Client:
    services.database.run_here(lambda db: rights.grant(db, BORIS, QUALITY), writes=True)
    return visit("boris")


def is_watching(services: Services) -> bool:
    return services.database.run_here(lambda db: quality_watchers.is_watching(db, BORIS))


def test_the_button_says_what_it_does_and_does_it(controller: Client, services: Services) -> None:
    assert "Notify me of new requests" in controller.get("/quality-control", headers=HTML).text
    for on, words in (("1", "Do not notify me of new requests"), ("", "Notify me of new requests")):
        answer = controller.post(HERE, data={"on": on}, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, "/quality-control")
        assert is_watching(services) is bool(on) and words in controller.get("/quality-control", headers=HTML).text


def test_it_may_be_pressed_twice(controller: Client, services: Services) -> None:
    for on in (True, True, False, False):
        assert controller.post(HERE, json={"on": on}).json()["watching"] is on
        assert is_watching(services) is on


def test_others_know_nothing_of_it(visit: Visit) -> None:
    assert visit("anna").post(HERE, json={"on": True}).status_code == 403
