"""A write that comes twice is done once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from helpdesk.services import Services
from helpdesk.store import idempotency as store_idempotency
from helpdesk.store.models.tables import FirstAnswer
from helpdesk.web.edge import idempotency
from tests.web.conftest import HTML, HTMX, Client, Visit, notes
from tests.world import PEOPLE_IDS, STATUS_IDS, EmbeddedWorld


@pytest.mark.parametrize("headers", [HTML, HTMX, {}], ids=["page", "htmx", "program"])
def test_the_second_time_gets_the_first_answer(anna: Client, number: int, headers: dict[str, str]) -> None:
    form = {"comment": "раз", "idempotency_key": "k1"}
    first, second = (anna.post(f"/tasks/{number}/comments", data=form, headers=headers) for _ in range(2))
    assert (first.status_code, first.text) == (second.status_code, second.text)
    assert first.headers.get("location") == second.headers.get("location")
    assert first.headers["content-type"] == second.headers["content-type"] if first.text else True
    assert notes(anna, number) == ["раз"]


def test_five_at_once_write_once(number: int, visit: Visit) -> None:
    clients = [visit("anna") for _ in range(5)]
    for client in clients:
        client.headers["Idempotency-Key"] = "k5"

    with ThreadPoolExecutor(5) as pool:
        address, body = f"/tasks/api/task/{number}/comments", {"comment": "раз"}
        sent = [pool.submit(client.post, address, json=body) for client in clients]
        got = [each.result() for each in sent]
    assert {answer.status_code for answer in got} == {201}
    assert len({answer.text for answer in got}) == 1 and notes(clients[0], number) == ["раз"]


def test_the_same_key_with_another_body_is_refused(anna: Client, number: int) -> None:
    address = f"/tasks/api/task/{number}/comments"
    anna.post(address, json={"comment": "раз"}, headers={"Idempotency-Key": "k"})
    answer = anna.post(address, json={"comment": "два"}, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["error"]) == (409, "key_reused")
    assert notes(anna, number) == ["раз"]


def test_keys_of_others_and_of_other_addresses_are_others(anna: Client, visit: Visit, embedded: EmbeddedWorld) -> None:
    first, second = embedded.new_task(), embedded.new_task()
    for login, number in (("anna", first), ("boris", first), ("anna", second)):
        body, headers = {"comment": login}, {"Idempotency-Key": "k"}
        assert visit(login).post(f"/tasks/api/task/{number}/comments", json=body, headers=headers).status_code == 201
    assert (notes(anna, first), notes(anna, second)) == (["anna", "boris"], ["anna"])


def test_a_refusal_may_be_tried_again_with_the_same_key(anna: Client, number: int) -> None:
    form = {"status_id": STATUS_IDS["resolved"], "idempotency_key": "k"}
    assert anna.post(f"/tasks/{number}/status", data=form, headers=HTML).status_code == 422
    anna.post(f"/tasks/{number}/status", data={"status_id": STATUS_IDS["in_progress"]}, headers=HTML)
    assert anna.post(f"/tasks/{number}/status", data=form, headers=HTML).status_code == 303


def test_a_first_request_that_died_is_not_simply_done_again(
    visit: Visit, embedded: EmbeddedWorld, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process was killed: the key is claimed, and nobody knows what was written."""
    monkeypatch.setattr(idempotency, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(idempotency, "_settle", killed)
    number, anna = embedded.new_task(), visit("anna")
    sent = {"json": {"comment": "раз"}, "headers": {"Idempotency-Key": "k"}}
    anna.post(f"/tasks/api/task/{number}/comments", **sent)
    again = anna.post(f"/tasks/api/task/{number}/comments", **sent)
    assert (again.status_code, again.json()["error"]) == (503, "unsure")
    assert notes(anna, number) == ["раз"]


async def killed(*_: object) -> None:
    """Nothing is written down any more."""


@pytest.mark.parametrize("headers", [HTMX, {**HTMX, "HX-Current-URL": "http://testserver/tasks/board?lanes=assignee"}])
def test_a_replayed_answer_has_all_headers_of_the_first(anna: Client, number: int, headers: dict[str, str]) -> None:
    for address, form in (
        ("/tasks/board/fold", {"status_id": STATUS_IDS["new"], "folded": "1"}),
        ("/users/hints", {"closed": "move"}),
        (f"/tasks/{number}/comments", {"comment": "раз"}),
        (f"/tasks/{number}/status", {"status_id": STATUS_IDS["in_progress"], "view": "card"}),
    ):
        first, second = (anna.post(address, data={**form, "idempotency_key": "k"}, headers=headers) for _ in range(2))
        assert first.status_code == second.status_code == 200 and first.content == second.content
        varying = {"x-request-id", "x-response-time", "date"}
        headers_of = [{name: it.headers[name] for name in it.headers if name not in varying} for it in (first, second)]
        assert headers_of[0] == headers_of[1]


def test_a_request_that_waited_for_a_refused_one_tries_again(
    visit: Visit, embedded: EmbeddedWorld, services: Services
) -> None:
    """It is never told that nobody knows what was saved."""
    number, key = embedded.new_task(), store_idempotency.Key(PEOPLE_IDS["anna"], "", "k")
    anna, address = visit("anna"), f"/tasks/api/task/{number}/comments"
    sent = {"json": {"comment": "раз"}, "headers": {"Idempotency-Key": "k"}}
    anna.post(address, **sent)
    with services.database.engine.begin() as connection:  # as it is while the first one is at work
        connection.execute(sa.update(FirstAnswer).values(status=0, body=""))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(visit("anna").post, address, **sent)
        route = key._replace(route=f"POST {address}")
        services.database.run_here(lambda db: store_idempotency.release(db, route), writes=True)
        assert waiting.result().status_code == 201
    assert notes(anna, number) == ["раз", "раз"]


def test_keys_are_forgotten_after_a_day(services: Services) -> None:
    key, now = store_idempotency.Key(PEOPLE_IDS["anna"], "POST /tasks/1/comments", "k"), services.clock()

    def claim(after: timedelta) -> store_idempotency.Answer | None:
        return services.database.run_here(lambda db: store_idempotency.claim(db, key, "hash", now + after), writes=True)

    assert claim(timedelta()) is None
    assert claim(timedelta(hours=23)) == store_idempotency.Answer("hash", 0, [], "")
    assert claim(timedelta(hours=25)) is None


def test_one_face_never_shows_the_answer_meant_for_another(anna: Client, number: int) -> None:
    form = {"comment": "раз", "idempotency_key": "k"}
    assert anna.post(f"/tasks/{number}/comments", data=form, headers=HTMX).status_code == 200
    page = anna.post(f"/tasks/{number}/comments", data=form, headers=HTML)
    assert page.status_code == 409 and "<html" in page.text and notes(anna, number) == ["раз"]


def test_a_key_used_up_is_replaced_in_its_form_so_that_another_try_counts(anna: Client, number: int) -> None:
    for text in ("раз", "два"):
        answer = anna.post(f"/tasks/{number}/comments", data={"comment": text, "idempotency_key": "k"}, headers=HTMX)
    assert answer.status_code == 409 and 'hx-target="find [name=idempotency_key]"' in answer.text


def test_every_form_that_writes_carries_a_key_of_its_own(visit: Visit, embedded: EmbeddedWorld) -> None:
    page = visit("anna").get(f"/tasks/{embedded.new_task()}", headers=HTML).text
    keys = [part.split('"')[0] for part in page.split('name="idempotency_key" value="')[1:]]
    assert len(keys) == len(set(keys)) == page.count("<form") - page.count('role="search"') > 1
