"""Hints: one line at its place for whoever can do what it says, until it is closed for good."""

import pytest

from helpdesk.services import Services
from helpdesk.web.core import hints
from tests import telling
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.web.dom import Element, parsed
from tests.world import EmbeddedWorld

BOARD = "/tasks/board?assigned_to_id=any"
FILTERED = "/tasks?priority_id=2"
PLACES = (
    ("anna", "/", "palette"),
    ("irina", "/", "answers"),
    ("anna", BOARD, "move"),
    ("irina", BOARD, "cards"),
    ("anna", FILTERED, "views"),
    ("anna", "/tasks/new?project_id=1", "paste"),
    ("anna", "/notifications", "quiet"),
)
"""Every hint, with a person and a page that has it."""


def shown(client: Client, address: str) -> list[Element]:
    answer = client.get(address, headers=HTML)
    assert answer.status_code == 200
    return parsed(answer.text).of_class("hint")


def button(hint: Element) -> Element:
    (only,) = hint.all(lambda it: it.tag == "button")
    return only


@pytest.mark.parametrize(("login", "address", "name"), PLACES)
def test_a_hint_is_shown_at_its_place_until_it_is_closed(
    visit: Visit, embedded: EmbeddedWorld, services: Services, login: str, address: str, name: str
) -> None:
    telling.tell(services.database, login, embedded.new_task(), "entry.1")
    client = visit(login)
    (hint,) = shown(client, address)
    assert (button(hint)["name"], button(hint)["value"]) == ("closed", name)
    referer = {"Referer": f"http://testserver{address}"}
    answer = client.post("/users/hints", data={"closed": name}, headers=HTML | referer)
    assert answer.status_code == 303 and answer.headers["location"].startswith(address.partition("?")[0])
    assert shown(client, address) == []
    client.post("/users/hints", data={"closed": ""}, headers=HTML)
    assert len(shown(client, address)) == 1


def test_every_hint_has_a_place_and_their_names_fit_into_the_store() -> None:
    assert {name for *_, name in PLACES} == hints.NAMES and len(hints.HINTS) == len(hints.NAMES)
    assert len(" ".join(hints.NAMES)) <= 200


def test_the_next_hint_of_a_place_waits_for_the_first_to_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (hints.HINTS[0]._replace(name=name, place="there") for name in ("first", "second"))
    monkeypatch.setattr(hints, "HINTS", (first, second))
    assert hints.first_open("there", "") == first
    assert hints.first_open("there", "other first") == second
    assert hints.first_open("there", "first second") is None is hints.first_open("elsewhere", "")


def test_a_board_without_cards_says_nothing_of_cards(visit: Visit) -> None:
    assert shown(visit("stranger"), BOARD) == []


def test_no_notifications_are_not_too_many(anna: Client) -> None:
    assert shown(anna, "/notifications") == []


def test_a_list_without_a_filter_and_one_of_somebody_with_views_have_none(
    anna: Client, embedded: EmbeddedWorld
) -> None:
    embedded.new_task()
    assert shown(anna, "/tasks") == [] and len(shown(anna, FILTERED)) == 1
    anna.post("/views", json={"name": "Мои", "address": "/tasks"}).raise_for_status()
    assert shown(anna, FILTERED) == []


def test_only_hints_that_exist_can_be_closed_and_only_ones_own(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task()
    assert visit("anna").post("/users/hints", json={"closed": "nonsense"}).status_code == 422
    assert visit().post("/users/hints", json={"closed": "move"}).status_code == 401
    visit("anna").post("/users/hints", json={"closed": "move"}).raise_for_status()
    assert visit("anna").post("/users/hints", json={}).status_code == 422
    assert shown(visit("anna"), BOARD) == [] and len(shown(visit("boris"), BOARD)) == 1


def test_scripts_get_what_takes_the_place_of_the_hint_and_the_focus(anna: Client) -> None:
    answer = anna.post("/users/hints", data={"closed": "palette"}, headers=HTMX)
    assert answer.status_code == 200 and "autofocus" in answer.text and "The hint is closed." in answer.text


def test_the_menu_shows_hints_again_only_where_some_are_closed(anna: Client) -> None:
    assert "Show hints again" not in anna.get("/users/menu", headers=HTMX).text
    anna.post("/users/hints", json={"closed": "move"}).raise_for_status()
    assert "Show hints again" in anna.get("/users/menu", headers=HTMX).text
