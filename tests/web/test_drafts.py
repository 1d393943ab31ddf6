"""Drafts: kept, shown again, never to another person, never sent by themselves."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import pytest
from itsdangerous import Signer, URLSafeTimedSerializer
from starlette.testclient import TestClient

from helpdesk import errors
from helpdesk.app import create_app
from helpdesk.errors import StoreUnavailable
from helpdesk.services import Services
from helpdesk.store import drafts
from helpdesk.store.database import Database
from helpdesk.tasks.backend import State
from helpdesk.web.core.request_data import LONGEST_TEXT
from helpdesk.web.drafts import handoff as draft_handoff
from tests.web.conftest import HTML, HTMX, SECRET, Client, Visit, session_cookie
from tests.world import PASSWORDS, PEOPLE_IDS, STATUS_IDS, EmbeddedWorld

TEXT = "Набирала «долго» & <b>терять</b> жалко"
SHOWN = ">Набирала «долго» &amp; &lt;b&gt;терять&lt;/b&gt; жалко</textarea>"


def kept(database: Database, login: str = "anna") -> dict[str, dict[str, str]]:
    found = database.run_here(lambda db: drafts.with_prefix(db, PEOPLE_IDS[login], "", datetime.now(UTC)))
    return {draft.place: dict(draft.fields) for draft in found}


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return unescape(found[1]) if found else ""


def mark(login: str) -> str:
    return Signer(SECRET, salt="typed by").sign(str(PEOPLE_IDS[login])).decode()


class Down:
    """A tracker that fails in one way whatever it is asked."""

    def __init__(self, error: Exception, capabilities: object) -> None:
        self.error, self.capabilities, self.state = error, capabilities, State()

    async def comment(self, *_: object) -> None:
        raise self.error


def with_tracker_that_raises(services: Services, error: Exception) -> TestClient:
    broken = replace(services, backend=Down(error, services.backend.capabilities))
    client = TestClient(create_app(broken), follow_redirects=False, raise_server_exceptions=False)
    client.cookies.set("session", session_cookie(services, "anna"))
    return client


# While typing


def test_a_draft_from_the_script_is_offered_on_the_tasks_page_and_nothing_is_written(anna: Client, number: int) -> None:
    typed = {"comment": TEXT, "private": "1", "idempotency_key": "k", "lock_version": "1", "typed_by": mark("anna")}
    answer = anna.put(f"/drafts/task:{number}:comments", data=typed)
    assert (answer.status_code, answer.json()["success"], answer.json()["kept"]) == (200, True, True)
    page = anna.get(f"/tasks/{number}", headers=HTML).text
    form = page.split(f'id="comments-{number}-form"')[1].split("</form>")[0]
    assert SHOWN in form and re.search(r'name="private"[^>]* checked', form)
    assert re.search(r"Draft from <time [^>]*>\d\d\.\d\d\.\d{4} \d\d:\d\d</time>, not sent", form)
    assert hidden(form, "idempotency_key") != "k"
    assert anna.get(f"/tasks/api/task/{number}/history").json()["history"] == []


def test_a_draft_of_a_form_that_is_no_more_can_be_copied_and_discarded(anna: Client, number: int) -> None:
    typed = {"comment": TEXT, "status_id": str(STATUS_IDS["rejected"])}
    anna.post(f"/drafts/task:{number}:status", data=typed)
    page = anna.get(f"/tasks/{number}", headers=HTML).text
    its = page.split(f'id="status-{number}-stray"')[1].split("</form>")[0]
    assert SHOWN in its and 'action="/drafts/' in page and "Discard the draft" in its


def test_a_draft_is_never_shown_to_another_person(number: int, visit: Visit) -> None:
    visit("anna").put(f"/drafts/task:{number}:comments", data={"comment": TEXT})
    for login in ("boris", "irina", "admin"):
        page = visit(login).get(f"/tasks/{number}", headers=HTML).text
        assert "терять" not in page and "Draft from" not in page


def test_a_page_left_open_by_another_person_keeps_and_sends_nothing_in_my_name(
    visit: Visit, embedded: EmbeddedWorld, database: Database
) -> None:
    number, boris = embedded.new_task(), visit("boris")
    typed = {"comment": TEXT, "typed_by": mark("anna")}
    assert boris.put(f"/drafts/task:{number}:comments", data=typed).status_code == 403
    sent = boris.post(f"/tasks/{number}/comments", data=typed, headers=HTML)
    assert sent.status_code == 403 and "opened by somebody else" in sent.text and SHOWN in sent.text
    assert kept(database, "boris") == kept(database) == {}
    assert boris.get(f"/tasks/api/task/{number}/history").json()["history"] == []


def test_an_empty_text_and_the_button_take_the_draft_away(anna: Client, number: int, database: Database) -> None:
    address = f"/drafts/task:{number}:comments"
    for take_away in (
        lambda: anna.put(address, data={"comment": " \n "}),
        lambda: anna.post(f"{address}/discard", data={"comment": TEXT}, headers=HTML),
        lambda: anna.post(f"{address}/discard", data={"comment": TEXT}, headers=HTMX),
    ):
        anna.put(address, data={"comment": TEXT})
        assert kept(database)
        answer = take_away()
        assert kept(database) == {} and answer.status_code in (200, 303)
    assert answer.text.lstrip().startswith('<form class="compose"') and "терять" not in answer.text
    back = anna.post(f"{address}/discard", headers=HTML)
    assert (back.status_code, back.headers["location"]) == (303, f"/tasks/{number}")
    assert (
        anna.post(f"/drafts/task:{number}:status/discard", headers=HTMX)
        .text.lstrip()
        .startswith('<form class="compose"')
    )


BOUNDS = {
    "too long": ({"comment": "x" * (LONGEST_TEXT + 1)}, 422),
    "NUL": ({"comment": "a\0b"}, 422),
    "too much together": ({"comment": "x", "one": "y" * 40_000, "two": "y" * 40_000}, 422),
    "the longest": ({"comment": "x" * LONGEST_TEXT, "private": "1"}, 200),
}
NO_PLACES = [
    "task:7:show",
    "task:7",
    "tasks:index",
    "task:0:comments",
    "task:9999999999:comments",
    "task:7:comments:x",
    "task:٧:comments",
    "tasks:comments",
    "%2e%2e",
    "task:7:bulk",
]


@pytest.mark.parametrize(("body", "status"), BOUNDS.values(), ids=BOUNDS)
def test_a_draft_has_the_bounds_of_a_text(
    anna: Client, number: int, database: Database, body: dict[str, str], status: int
) -> None:
    anna.put(f"/drafts/task:{number}:comments", data={"comment": "прежний"})
    assert anna.put(f"/drafts/task:{number}:comments", data=body).status_code == status
    assert kept(database)[f"task:{number}:comments"]["comment"] == ("прежний" if status == 422 else body["comment"])


@pytest.mark.parametrize("place", NO_PLACES)
def test_a_place_that_no_form_has_keeps_nothing(anna: Client, database: Database, place: str) -> None:
    for address in (f"/drafts/{place}", f"/drafts/{place}/discard"):
        assert anna.post(address, data={"comment": TEXT}).status_code == 404
    assert kept(database) == {}


def test_another_sites_page_can_plant_no_draft(anna: Client, database: Database) -> None:
    for address in ("/drafts/task:7:comments", "/tasks/7/comments"):
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert anna.post(address, data={"comment": TEXT}, headers=HTML | headers).status_code == 403
    assert kept(database) == {}


# Sent, refused, failed


@pytest.mark.parametrize("headers", [HTML, HTMX], ids=["page", "htmx"])
def test_a_text_sent_with_success_is_no_draft_any_more_and_others_stay(
    anna: Client, number: int, visit: Visit, database: Database, headers: dict[str, str]
) -> None:
    for person, form in ((anna, "comments"), (anna, "status"), (visit("boris"), "comments")):
        person.put(f"/drafts/task:{number}:{form}", data={"comment": TEXT})
    answer = anna.post(f"/tasks/{number}/comments", data={"comment": TEXT}, headers=headers)
    assert "Draft from" not in answer.text
    assert set(kept(database)) == {f"task:{number}:status"} and set(kept(database, "boris"))


def test_a_draft_that_comes_in_after_its_form_was_sent_is_not_kept(
    anna: Client, number: int, database: Database
) -> None:
    typed = {"comment": TEXT, "idempotency_key": "k"}
    anna.post(f"/tasks/{number}/comments", data=typed, headers=HTMX)
    assert anna.put(f"/drafts/task:{number}:comments", data=typed).json()["kept"] is False
    assert kept(database) == {}
    assert anna.put(f"/drafts/task:{number}:comments", data={**typed, "idempotency_key": "k2"}).json()["kept"] is True


def test_a_programs_comment_leaves_the_draft_of_the_page_alone(anna: Client, number: int, database: Database) -> None:
    anna.put(f"/drafts/task:{number}:comments", data={"comment": TEXT})
    assert anna.post(f"/tasks/{number}/comments", json={"comment": "готово"}).status_code == 201
    assert anna.post(f"/tasks/api/task/{number}/comments", json={"comment": "готово"}).status_code == 201
    assert anna.post(f"/tasks/{number}/comments", json={"comment": ""}).status_code == 422
    assert kept(database)[f"task:{number}:comments"]["comment"] == TEXT


@pytest.mark.parametrize("headers", [HTML, HTMX], ids=["page", "htmx"])
def test_a_refused_form_a_stale_one_and_one_with_a_used_key_are_kept(
    anna: Client, number: int, database: Database, headers: dict[str, str]
) -> None:
    refused = {"status_id": str(STATUS_IDS["resolved"]), "comment": TEXT}
    assert anna.post(f"/tasks/{number}/status", data=refused, headers=headers).status_code == 422
    stale = {"priority_id": "4", "comment": TEXT, "lock_version": "77"}
    assert anna.post(f"/tasks/{number}/priority", data=stale, headers=headers).status_code == 409
    anna.post(f"/tasks/{number}/comments", data={"comment": "раз", "idempotency_key": "k"}, headers=headers)
    reused = anna.post(f"/tasks/{number}/comments", data={"comment": TEXT, "idempotency_key": "k"}, headers=headers)
    assert reused.status_code == 409
    assert kept(database) == {
        f"task:{number}:status": refused,
        f"task:{number}:priority": {"priority_id": "4", "comment": TEXT},
    }
    fresh = anna.get(f"/tasks/{number}", headers=HTML).text
    assert fresh.count("Your draft from") == 2 and fresh.count(SHOWN) == 2


@pytest.mark.parametrize(
    ("error", "status"),
    [(errors.NotAllowed(), 403), (errors.NotFound(), 404), (errors.BadResponse(), 502), (errors.Unavailable(), 503),
     (errors.OutcomeUnknown(), 503), (RuntimeError("a fault of ours"), 500)],
    ids=lambda it: str(it) if isinstance(it, int) else type(it).__name__,
)  # fmt: skip
@pytest.mark.parametrize("headers", [HTML, HTMX], ids=["page", "htmx"])
def test_a_form_that_fails_leaves_a_draft_and_says_so(
    number: int,
    services: Services,
    database: Database,
    visit: Visit,
    error: Exception,
    status: int,
    headers: dict[str, str],
) -> None:
    answer = with_tracker_that_raises(services, error).post(
        f"/tasks/{number}/comments", data={"comment": TEXT, "private": "1"}, headers=headers
    )
    assert answer.status_code == status
    assert kept(database) == {f"task:{number}:comments": {"comment": TEXT, "private": "1"}}
    if headers is HTML:
        assert SHOWN in answer.text and "its form will offer it again" in answer.text
    page = visit("anna").get(f"/tasks/{number}", headers=HTML).text
    assert SHOWN in page and "not sent" in page


def test_a_text_that_was_written_though_nobody_knew_is_not_offered_again(
    services: Services, visit: Visit, embedded: EmbeddedWorld
) -> None:
    number, anna, typed = embedded.new_task(), visit("anna"), {"comment": TEXT}
    answer = with_tracker_that_raises(services, errors.OutcomeUnknown()).post(
        f"/tasks/{number}/comments", data=typed, headers=HTML
    )
    assert "Look whether it is there already" in answer.text and "not sent" not in answer.text
    visit("boris").post(f"/tasks/api/task/{number}/comments", json={"comment": TEXT})
    assert SHOWN in anna.get(f"/tasks/{number}", headers=HTML).text, "another's same words are not mine"
    anna.post(f"/tasks/api/task/{number}/comments", json={"comment": TEXT})
    assert SHOWN not in anna.get(f"/tasks/{number}", headers=HTML).text


def test_a_form_without_a_text_leaves_no_draft(anna: Client, number: int, database: Database) -> None:
    refused = {"status_id": str(STATUS_IDS["resolved"]), "comment": " "}
    assert anna.post(f"/tasks/{number}/status", data=refused, headers=HTML).status_code == 422
    assert kept(database) == {}


def test_a_text_that_no_draft_can_hold_is_refused_as_ever(anna: Client, number: int, database: Database) -> None:
    answer = anna.post(f"/tasks/{number}/comments", data={"comment": "x" * (LONGEST_TEXT + 1)}, headers=HTML)
    assert answer.status_code == 422 and kept(database) == {}


def test_a_comment_counts_even_when_its_draft_cannot_be_taken_away(
    visit: Visit, embedded: EmbeddedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreUnavailable("down for a moment")

    monkeypatch.setattr(drafts, "delete", fail)
    number, anna = embedded.new_task(), visit("anna")
    assert anna.post(f"/tasks/{number}/comments", data={"comment": TEXT}, headers=HTML).status_code == 303
    assert len(anna.get(f"/tasks/api/task/{number}/history").json()["history"]) == 1


# What became of the form


def test_a_draft_whose_form_is_gone_can_still_be_read(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, irina = embedded.new_task(), visit("irina")
    irina.put(f"/drafts/task:{number}:priority", data={"comment": TEXT, "priority_id": "4"})
    page = irina.get(f"/tasks/{number}", headers=HTML).text
    stray = page.split(f'id="priority-{number}-stray"')[1].split("</form>")[0]
    assert " readonly>" in stray and SHOWN in stray and f"/drafts/task:{number}:priority/discard" in page


def test_a_private_draft_warns_without_the_right_to_write_privately(number: int, visit: Visit) -> None:
    for login, warned in (("irina", True), ("anna", False)):
        client = visit(login)
        client.put(f"/drafts/task:{number}:comments", data={"comment": TEXT, "private": "1"})
        page = client.get(f"/tasks/{number}", headers=HTML).text
        assert SHOWN in page and ("This was an internal comment" in page) is warned


# Across the end of a session


def expired(visit: Visit, number: int, form: str = "comments", **fields: str) -> str:
    """The page that a browser without a session gets for a form which was made for anna."""
    typed = {"comment": TEXT, "typed_by": mark("anna"), "idempotency_key": "k"} | fields
    referer = {"Referer": f"http://testserver/tasks/{number}"}
    answer = visit().post(f"/tasks/{number}/{form}", data=typed, headers=HTML | referer)
    assert answer.status_code == 401
    return answer.text


def sign_in(visit: Visit, login: str, page: str, password: str = "") -> tuple[TestClient, str]:
    form = {"username": login, "password": password or PASSWORDS[login]}
    client = visit()
    answer = client.post(
        "/users/login", data=form | {name: hidden(page, name) for name in ("carried", "next")}, headers=HTML
    )
    return client, answer.text if answer.status_code != 303 else answer.headers["location"]


def test_the_same_person_gets_the_text_in_its_form_after_signing_in_again(
    number: int, visit: Visit, database: Database
) -> None:
    page = expired(visit, number, private="1")
    assert SHOWN in page and "sign in as the same person" in page
    assert kept(database) == {}
    anna, target = sign_in(visit, "anna", page)
    assert target == f"/tasks/{number}"
    again = anna.get(target, headers=HTML).text
    assert SHOWN in again and "not sent" in again
    assert kept(database) == {f"task:{number}:comments": {"comment": TEXT, "private": "1"}}
    assert anna.get(f"/tasks/api/task/{number}/history").json()["history"] == []


def test_a_mistyped_password_loses_nothing(number: int, visit: Visit, database: Database) -> None:
    _, page = sign_in(visit, "anna", expired(visit, number, "status", status_id="2"), "wrong")
    assert SHOWN in page and "sign in as the same person" in page
    sign_in(visit, "anna", page)
    assert kept(database) == {f"task:{number}:status": {"comment": TEXT, "status_id": "2"}}


def test_the_buttons_of_the_demonstration_carry_the_text_too(number: int, visit: Visit, database: Database) -> None:
    typed = {"comment": TEXT, "typed_by": mark("anna"), "idempotency_key": "k"}
    page = visit(demo=True).post(f"/tasks/{number}/comments", data=typed, headers=HTML).text
    sign_in(visit, "anna", page.partition('<section class="demo">')[2])
    assert kept(database) == {f"task:{number}:comments": {"comment": TEXT}}


def test_another_person_gets_no_text_after_signing_in(number: int, visit: Visit, database: Database) -> None:
    boris, target = sign_in(visit, "boris", expired(visit, number))
    assert "терять" not in boris.get(target, headers=HTML).text
    assert kept(database) == kept(database, "boris") == {}


def test_a_text_without_a_proven_owner_is_only_shown(number: int, visit: Visit) -> None:
    forged = f"{PEOPLE_IDS['anna']}.{mark('boris').partition('.')[2]}"
    for typed_by in ("", "1", str(PEOPLE_IDS["anna"]), forged, "x.y", "\ud800"):
        page = expired(visit, number, typed_by=typed_by.encode("utf-8", "replace").decode())
        assert SHOWN in page and hidden(page, "carried") == "" and "copy it" in page


def test_no_seal_but_ours_and_no_old_one_plants_a_draft(
    visit: Visit, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = [PEOPLE_IDS["anna"], "task:7:comments", {"comment": TEXT}]
    ours = URLSafeTimedSerializer(SECRET, salt="carried").dumps(wish)
    for seal in ("", "x", URLSafeTimedSerializer("of others", salt="carried").dumps(wish), ours[:-1]):
        client = visit()
        form = {"username": "anna", "password": PASSWORDS["anna"], "carried": seal}
        assert client.post("/users/login", data=form, headers=HTML).status_code == 303
        assert kept(database) == {}
    monkeypatch.setattr(draft_handoff, "CARRIED_SECONDS", -1)
    sign_in(visit, "anna", f'name="carried" value="{ours}"')
    assert kept(database) == {}
    monkeypatch.undo()
    sign_in(visit, "anna", f'name="carried" value="{ours}"')
    assert list(kept(database)) == ["task:7:comments"]


def test_a_seal_for_a_place_that_is_gone_keeps_nobody_out(visit: Visit, database: Database) -> None:
    seal = URLSafeTimedSerializer(SECRET, salt="carried").dumps([PEOPLE_IDS["anna"], "tasks:gone", {"comment": TEXT}])
    _, target = sign_in(visit, "anna", f'name="carried" value="{seal}"')
    assert target == "/" and kept(database) == {}


def test_a_place_without_drafts_carries_nothing(visit: Visit) -> None:
    answer = visit().post("/replies", data={"text": "Долго", "name": "x", "typed_by": mark("anna")}, headers=HTML)
    assert answer.status_code == 401 and ">Долго</textarea>" in answer.text and hidden(answer.text, "carried") == ""


def test_drafts_need_a_session(visit: Visit, database: Database) -> None:
    nobody = visit()
    assert nobody.put("/drafts/task:7:comments", data={"comment": TEXT, "typed_by": mark("anna")}).status_code == 401
    assert kept(database) == {}
