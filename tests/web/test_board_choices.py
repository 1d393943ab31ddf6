"""How a person has the board: columns folded or open, hints or none; as forms, with scripts and for programs."""

import pytest

from helpdesk.services import Services
from helpdesk.store import board
from helpdesk.store.board import BoardView
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import PEOPLE_IDS, STATUS_IDS

FOLD, TIPS = "/tasks/board/fold", "/tasks/board/tips"
CLOSED = STATUS_IDS["closed"]


def of(services: Services, login: str) -> BoardView:
    return services.database.run_here(lambda db: board.of_person(db, PEOPLE_IDS[login]))


def test_a_program_folds_a_column_for_its_person_and_opens_it(anna: Client, services: Services) -> None:
    for folded in (True, False):
        answer = anna.post(FOLD, json={"status_id": CLOSED, "folded": folded})
        assert answer.status_code == 200 and answer.json()["success"]
        assert (answer.json()["status_id"], answer.json()["folded"]) == (CLOSED, folded)
        assert of(services, "anna") == BoardView({CLOSED: folded}, True) and of(services, "boris").folds == {}


def test_a_program_takes_hints_away_and_wants_them_back(visit: Visit, services: Services) -> None:
    for shown in (False, True):
        assert visit("anna").post(TIPS, json={"shown": shown}).json()["shown"] is shown
        assert of(services, "anna").shows_tips is shown and of(services, "boris").shows_tips


@pytest.mark.parametrize(("address", "form"), [(FOLD, {"status_id": str(CLOSED), "folded": "1"}), (TIPS, {})])
def test_a_form_leads_back_to_the_board(visit: Visit, services: Services, address: str, form: dict[str, str]) -> None:
    anna, here = visit("anna"), "/tasks/board?project_id=1&lanes=assignee"
    for wanted, leads in ((here, here), ("", "/tasks/board"), ("//evil.test", "/tasks/board"), (None, "/tasks/board")):
        sent = form if wanted is None else {**form, "next": wanted}
        answer = anna.post(address, data=sent, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, leads)
    answer = anna.post(address, data={**form, "next": here}, headers=HTMX)
    assert answer.status_code == 200 and answer.headers.get("hx-redirect") == (here if address == TIPS else None)
    assert of(services, "anna") == (BoardView({CLOSED: True}, True) if address == FOLD else BoardView({}, False))


def test_a_form_that_comes_twice_is_done_once(visit: Visit, services: Services) -> None:
    anna, form = visit("anna"), {"status_id": CLOSED, "folded": "1", "idempotency_key": "k"}
    first = anna.post(FOLD, data=form, headers=HTMX)
    anna.post(FOLD, data={"status_id": CLOSED}, headers=HTMX)
    assert anna.post(FOLD, data=form, headers=HTMX).text == first.text
    assert of(services, "anna").folds == {CLOSED: False}


@pytest.mark.parametrize("number", ["", "0", "99", "2147483648", "closed", None])
def test_a_status_that_there_is_not_can_not_be_folded(visit: Visit, services: Services, number: str | None) -> None:
    for headers in (HTML, HTMX, {}):
        sent = {"folded": "1"} if number is None else {"status_id": number, "folded": "1"}
        assert visit("anna").post(FOLD, data=sent, headers=headers).status_code == 422
    assert of(services, "anna").folds == {}


def test_a_choice_that_is_neither_yes_nor_no_is_refused(anna: Client, services: Services) -> None:
    assert "folded" in anna.post(FOLD, json={"status_id": CLOSED, "folded": "maybe"}).json()["errors"]
    assert "shown" in anna.post(TIPS, json={"shown": "maybe"}).json()["errors"]
    assert of(services, "anna") == BoardView({}, True)
