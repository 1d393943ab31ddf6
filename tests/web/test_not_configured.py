"""Addresses that need an outside system which is not set."""

import pytest

from helpdesk.web.edge.not_configured import ADDRESSES
from tests.web.conftest import HTML, Visit
from tests.world import EmbeddedWorld

CALLS = [(method, path.replace("{dialog_id}", "7")) for path, methods in ADDRESSES for method in methods]


@pytest.mark.parametrize("login", ["irina", None])
def test_systems_that_are_not_connected_say_so_to_signed_in_people(visit: Visit, login: str | None) -> None:
    client, wanted = visit(login), (501, "not_configured") if login else (401, "not_signed_in")
    for method, path in CALLS:
        answer = client.request(method, path)
        assert (answer.status_code, answer.json()["error"]) == wanted and answer.json()["status_code"] == wanted[0]


def test_only_administrators_hear_of_the_erp(visit: Visit) -> None:
    told = {login: visit(login).get("/api/erp/user/ivanov").json() for login in ("admin", "anna")}
    assert (told["admin"]["error"], told["anna"]["error"]) == ("not_configured", "not_allowed")


def test_mail_is_refused_only_to_who_sees_its_task(visit: Visit, embedded: EmbeddedWorld) -> None:
    address, body = f"/tasks/api/task/{embedded.new_task()}/send-email", {"recipient": "a@b.test", "message": "x"}
    told = {login: visit(login).post(address, json=body).json() for login in ("anna", "stranger")}
    assert (told["anna"]["error"], told["stranger"]["error"]) == ("not_configured", "not_found")


def test_a_browser_is_told_it_on_a_page(visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
    answer = visit("anna").get("/netmonitor/status", headers=HTML)
    assert answer.status_code == 501 and "Not connected" in answer.text
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
