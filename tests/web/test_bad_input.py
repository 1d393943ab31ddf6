"""What nobody should send, and what comes of it."""

import pytest

from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import PASSWORDS, STATUS_IDS, EmbeddedWorld

ODD = {
    "a NUL byte": "a\0b",
    "too long": "ы" * 65_536,
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_a_comment_that_cannot_be_kept_is_refused_in_every_face(anna: Client, number: int, text: str) -> None:
    for headers in (HTML, HTMX, {}):
        answer = anna.post(f"/tasks/{number}/comments", data={"comment": text}, headers=headers)
        assert answer.status_code == 422
    by_program = anna.post(f"/tasks/api/task/{number}/comments", json={"comment": text})
    assert by_program.status_code == 422 and list(by_program.json()["errors"]) == ["comment"]
    assert anna.get(f"/tasks/api/task/{number}/history").json()["history"] == []


@pytest.mark.parametrize("field", ["comment", "status_id", "lock_version", "idempotency_key"])
def test_half_a_character_is_refused_in_every_field(anna: Client, number: int, field: str) -> None:
    body = f'{{"status_id": 2, "{field}": "\\ud800"}}'
    answer = anna.put(f"/tasks/api/task/{number}/status", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422 and list(answer.json()["errors"]) == [field]
    answer.text.encode("utf-8")


@pytest.mark.parametrize("headers", [HTML, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("/tasks/1/comments", '{"comment": "\\ud800"}'),
        ("/tasks/1/status", '{"status_id": 99, "comment": "\\ud800"}'),
        ("/tasks/1/status", '{"status_id": {"a": 1}, "comment": ["\\ud800"]}'),
        ("/users/login", '{"username": "\\ud800", "password": "x"}'),
        ("/tasks/api/task/1/comments", '{"comment": "\\ud800"}'),
    ],
)
def test_half_a_character_is_refused_in_the_other_faces_too(
    visit: Visit, embedded: EmbeddedWorld, address: str, body: str, headers: dict[str, str]
) -> None:
    embedded.new_task()
    answer = visit("anna").post(address, content=body, headers=headers | {"Content-Type": "application/json"})
    assert answer.status_code == 422


@pytest.mark.parametrize("odd", ["http://[", "//[", "http://[::1", "\x01", "http://x:y/"])
def test_an_address_that_is_none_does_no_harm(visit: Visit, embedded: EmbeddedWorld, odd: str) -> None:
    embedded.new_task()
    assert visit().get("/users/login", params={"next": odd}, headers=HTML).status_code == 200
    form = {"username": "anna", "password": PASSWORDS["anna"], "next": odd}
    assert visit().post("/users/login", data=form, headers=HTML).headers["location"] == "/"
    form = {"comment": "x", "next": odd}
    assert visit("anna").post("/tasks/1/comments", data=form, headers=HTML).status_code == 303
    for headers in (HTML | {"Referer": odd}, HTMX | {"HX-Current-URL": odd}):
        assert visit().post("/tasks/1/comments", data=form, headers=headers).status_code == 401
    answer = visit("anna").post("/tasks/1/comments", data=form, headers=HTML | {"Origin": odd})
    assert answer.status_code == 403


def test_null_is_as_good_as_absent(visit: Visit, embedded: EmbeddedWorld) -> None:
    body = {"comment": "x", "private": None, "lock_version": None}
    number = embedded.new_task()
    assert visit("anna").post(f"/tasks/api/task/{number}/comments", json=body).status_code == 201
    body = {"username": "anna", "password": PASSWORDS["anna"], "next": 5, "remember": None}
    assert visit().post("/users/login", json=body).status_code == 200


@pytest.mark.parametrize("field", ["username", "password"])
@pytest.mark.parametrize("value", ["\\ud800", "\\u0000", "x" * 5_000], ids=["half a character", "NUL", "long"])
def test_odd_characters_at_sign_in_are_refused(visit: Visit, field: str, value: str) -> None:
    body = '{"username": "anna", "password": "x", "' + field + '": "' + value + '"}'
    answer = visit().post("/users/login", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422 and list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize(
    "asked",
    [
        "page=-1", "page=0", "page=x", "page=99999999999", "per_page=0", "per_page=-5", "limit=x", "sort=password",
        "order=up", "status_id=x", "status_id=-1", "project_id=1;drop", "closed=maybe", "status=%00",
        "author_id=none", "assigned_to_id=boris", "assigned_to_id=none,me",
        "updated_since=gestern", "due_by=31.12.2026", "tracker_id=x", "page=%D9%A1",
        "updated_since=0001-01-01", "updated_since=9999-12-31T23:59:59Z", "created_since=0001-01-01",
        "created_since=bald", "created_by=9999-12-31", "created_by=0001-01-01T00:00",
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_is_refused(anna: Client, asked: str) -> None:
    answer = anna.get(f"/tasks/my-tasks?{asked}")
    assert answer.status_code == 422 and answer.json()["errors"]
    for address in ("/tasks/my-tasks", "/tasks/statistics", "/tasks/board"):
        assert anna.get(f"{address}?{asked}", headers=HTML).status_code == 422


def test_too_many_a_page_are_as_many_as_there_may_be(visit: Visit) -> None:
    assert visit("anna").get("/tasks/my-tasks?per_page=5000").json()["pagination"]["per_page"] == 100


@pytest.mark.parametrize("search", ["%", "_", "\\", "'", '"', "100%", "';--", "ё" * 200, "#", "##1", "#-1", "#1x"])
def test_any_text_may_be_searched_for(visit: Visit, embedded: EmbeddedWorld, search: str) -> None:
    embedded.new_task("обычная")
    answer = visit("anna").get("/tasks/my-tasks", params={"search": search})
    assert answer.status_code == 200 and answer.json()["tasks"] == []


@pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999", "1.5", "x", "1%00", "٣"])
def test_a_number_that_no_task_has_is_not_there(visit: Visit, number: str) -> None:
    for address in (f"/tasks/{number}", f"/tasks/api/task/{number}", f"/tasks/api/task/{number}/statuses"):
        answer = visit("anna").get(address)
        assert answer.status_code == 404 and answer.json()["error"] == "not_found"


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"x"', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"<a/>", "application/xml", 415),
        (b"status_id=2", "text/plain", 415),
        (b"status_id=2", "", 415),
        (b"--x", "multipart/form-data", 400),
        (b"", "", 422),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    anna: Client, number: int, content: bytes, kind: str, status: int
) -> None:
    answer = anna.put(f"/tasks/api/task/{number}/status", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status and answer.json()["status_code"] == status
    assert anna.get(f"/tasks/api/task/{number}").json()["status"]["id"] == STATUS_IDS["new"]


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in chunks"])
def test_a_body_over_the_limit_is_not_read(visit: Visit, embedded: EmbeddedWorld, announced: bool) -> None:
    number, anna = embedded.new_task(), visit("anna", max_content_length=1000)
    body = b'{"comment": "' + b"x" * 2000 + b'"}'
    content = body if announced else iter([body[:900], body[900:]])
    answer = anna.post(
        f"/tasks/api/task/{number}/comments", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413 and answer.json()["error"] == "too_large"


def test_a_wrong_method_says_which_are_right(visit: Visit, embedded: EmbeddedWorld) -> None:
    answer = visit("anna").delete(f"/tasks/{embedded.new_task()}")
    assert answer.status_code == 405 and "GET" in answer.headers["allow"]
    assert answer.json()["error"] == "method_not_allowed"
    assert visit("anna").head("/tasks/my-tasks").status_code == 200


def test_an_unknown_address_is_not_there_in_every_face(visit: Visit) -> None:
    assert visit().get("/nowhere").json()["error"] == "not_found"
    page = visit().get("/nowhere", headers=HTML)
    assert page.status_code == 404 and "<h1>Nothing here</h1>" in page.text
