"""However much somebody sends, little is done with it: bytes, items and depth are bounded before anything is parsed."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message

import helpdesk
from helpdesk.errors import Malformed
from helpdesk.web.core import navigation, request_body, request_data, session
from helpdesk.web.routes import ROUTES
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import EmbeddedWorld

KILOBYTE = 1024
MEGABYTE = KILOBYTE * KILOBYTE
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
CPU_SECONDS = 2.0
"""Each of what is sent here took from ten seconds to minutes once."""


@contextmanager
def little_work() -> Iterator[None]:
    before = time.process_time()
    yield
    assert time.process_time() - before < CPU_SECONDS


def typed(kind: str, **more: str) -> dict[str, str]:
    return {"Content-Type": kind, **more}


@pytest.mark.parametrize("face", [HTML, HTMX, {}], ids=["page", "htmx", "program"])
@pytest.mark.parametrize(
    ("address", "headers", "status", "code"),
    [
        ("/users/login?next=" + "x" * 9 * KILOBYTE, {}, 414, "address_too_long"),
        ("/users/login?" + "&" * 600, {}, 414, "address_too_long"),
        ("/tasks/" + "9" * 9 * KILOBYTE, {}, 414, "address_too_long"),
        ("/users/login", {"X-Long": "x" * 40 * KILOBYTE}, 431, "headers_too_large"),
        ("/users/login", {f"X-{number}": "x" for number in range(150)}, 431, "headers_too_large"),
        ("/users/login", {"Cookie": 'a="' + '\\"' * 100_000}, 431, "headers_too_large"),
    ],
    ids=["query", "questions", "path", "long header", "many headers", "cookie"],
)
def test_a_head_that_says_too_much_is_refused_in_every_face(
    visit: Visit, address: str, headers: dict[str, str], status: int, code: str, face: dict[str, str]
) -> None:
    with little_work():
        answer = visit().get(address, headers=face | headers)
    assert answer.status_code == status and len(answer.content) < 10 * KILOBYTE
    assert face or answer.json()["error"] == code
    assert answer.headers["x-request-id"] and answer.headers["x-content-type-options"] == "nosniff"


def test_cookies_of_others_are_not_parsed(anna: Client) -> None:
    ours = f"session={anna.cookies['session']}"
    anna.cookies.clear()
    for others in ('x="' + '\\"' * 10_000, ";" * 20_000, "=;" * 10_000, "$Version=1; a b=c", "sessions=1; xsession=2"):
        with little_work():
            answer = anna.get("/tasks/my-tasks", headers={"Cookie": f"{others}; {ours}"})
        assert answer.status_code == 200, others[:20]


def test_no_cookie_is_read_past_our_own_reader() -> None:
    for file in Path(helpdesk.__file__).parent.rglob("*.py"):
        assert "request.cookies" not in file.read_text(), file.name


def of_cookies(*headers: bytes) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", header) for header in headers]})


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (b"theme=dark", "dark"), (b"a=b; theme=dark;c", "dark"), (b" theme=dark ", "dark"), (b"theme=a=b", "a=b"),
        (b"xtheme=dark", ""), (b"theme", ""), (b"theme=\xff", ""), (b"theme=" + b"x" * 5_000, ""), (b"", ""),
        (b"theme=light; theme=dark", "light"),
    ],
)  # fmt: skip
def test_a_cookie_is_found_by_its_whole_name(sent: bytes, found: str) -> None:
    assert session.cookie(of_cookies(sent), "theme") == session.cookie(of_cookies(b"a=b", sent), "theme") == found


def test_every_value_that_we_keep_in_a_cookie_comes_back(visit: Visit) -> None:
    for address in ("/tasks?search=%D1%8B,%22;x&sort=due_date&project_id=1,2", "/tasks/board"):
        anna = visit("anna")
        request = Request({"type": "http", "headers": [], "app": anna.app.app, "state": {"person_id": 1}})
        response = Response()
        navigation.remember_list(request, response, address)
        kept = response.headers["set-cookie"].partition(";")[0].encode()
        again = Request({**request.scope, "headers": [(b"cookie", kept)]})
        assert navigation.last_list(again) == address


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b"%" * 16 * MEGABYTE), (JSON, b'{"username": "' + b"x" * 16 * MEGABYTE + b'"}'),
        ("multipart/form-data; boundary=b", b"x" * 16 * MEGABYTE), (FORM, b"username=" + b"x" * 65 * KILOBYTE),
    ],
    ids=["percents", "JSON", "parts", "form"],
)  # fmt: skip
@pytest.mark.parametrize("address", ["/users/login", "/preferences", "/users/logout"])
def test_a_visitor_may_send_64_kilobytes(visit: Visit, address: str, kind: str, body: bytes) -> None:
    with little_work():
        answers = [visit().post(address, content=body, headers=typed(kind, **face)) for face in (HTML, {})]
    assert {answer.status_code for answer in answers} == {413}


def test_a_body_without_files_is_a_megabyte_at_most_whoever_sends_it(number: int, visit: Visit) -> None:
    for body in (b"comment=" + b"x" * MEGABYTE, b"%" * 16 * MEGABYTE, b"&" * 2 * MEGABYTE):
        with little_work():
            answer = visit("anna").post(f"/tasks/{number}/comments", content=body, headers=typed(FORM, **HTML))
        assert answer.status_code == 413 and "Too large" in answer.text
    by_program = visit("anna").post(
        f"/tasks/api/task/{number}/comments", content=b" " * 2 * MEGABYTE, headers=typed(JSON)
    )
    assert by_program.status_code == 413 and by_program.json()["error"] == "too_large"


def test_the_longest_text_there_may_be_fits_in_every_way_of_sending_it(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, text = embedded.new_task(), "ы" * 65_535
    for sent in ({"data": {"comment": text}}, {"files": {"comment": (None, text)}}, {"json": {"comment": text}}):
        answer = visit("anna").post(f"/tasks/{number}/comments", headers={"Accept": JSON}, **sent)
        assert answer.status_code == 201 and answer.json()["comment"]["notes"] == text


def test_a_long_text_survives_an_expired_session(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, text = embedded.new_task(), "ы" * 60_000
    for sent in ({"data": {"comment": text}}, {"files": {"comment": (None, text), "files": ("x.txt", b"y" * 200_000)}}):
        answer = visit().post(f"/tasks/{number}/comments", headers=HTML, **sent)
        assert answer.status_code == 401 and text in answer.text


@pytest.mark.parametrize("charset", ["punycode", "undefined", "utf-16", "utf-7", "idna", "zlib", "latin-1", "nonsense"])
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b", FORM, JSON])
def test_only_utf_8_is_read(visit: Visit, charset: str, kind: str) -> None:
    with little_work():
        answer = visit().post("/users/login", content=b"x" * 60_000, headers=typed(f"{kind}; charset={charset}"))
    assert answer.status_code == 415 and answer.json()["error"] == "unsupported_type"


def test_utf_8_may_be_said_and_may_come_as_it_is(anna: Client, number: int) -> None:
    for kind in (f"{FORM}; charset=UTF-8", f'{FORM};charset="utf-8"'):
        answer = anna.post(f"/tasks/api/task/{number}/comments", content="comment=привет".encode(), headers=typed(kind))
        assert answer.status_code == 201 and answer.json()["comment"]["notes"] == "привет"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b"comment=%ff"), (FORM, b"comment=\xff"), (FORM, b"%" * 1000), (FORM, b"a=b&" * 1000),
        (JSON, b'{"comment": "\xff"}'), (JSON, '{"comment": "x"}'.encode("utf-16")),
        (JSON, b'{"comment": 1e400}'), (JSON, b'{"comment": NaN}'), (JSON, b'{"comment": -Infinity}'),
        (JSON, b'{"comment": ' + b"1" * 5000 + b"}"), (JSON, b'{"comment": 1.' + b"1" * 100_000 + b"}"),
        (JSON, b'{"comment": ' + b"[" * 950 + b"]" * 950 + b"}"), (JSON, b"[" * 500_000),
        (JSON, b'{"comment": [' + b"1," * 400_000 + b"1]}"), (JSON, b'{"staged": [' + b'"",' * 300_000 + b'""]}'),
        ("multipart/form-data; boundary=b",
         b'--b\r\ncontent-disposition: form-data; name="comment"\r\n\r\n\xff\r\n--b--\r\n'),
    ],
)  # fmt: skip
def test_a_body_that_nobody_needs_to_send_is_refused_before_it_is_parsed(
    number: int, visit: Visit, kind: str, body: bytes
) -> None:
    for address in (f"/tasks/api/task/{number}/comments", f"/tasks/{number}/comments"):
        with little_work():
            answer = visit("anna").post(address, content=body, headers=typed(kind))
        assert answer.status_code == 400 and answer.json()["error"] == "malformed"


@pytest.mark.parametrize(
    ("address", "body", "field"),
    [
        ("/tasks/api/tasks/bulk", {"updates": [{}] * 101}, "updates"),
        ("/tasks/bulk", {"task_id": [1] * 101, "comment": "x"}, "task_id"),
        ("/tasks/new", {"staged": [""] * 21}, "staged"),
        (
            "/tasks/new",
            {"subject": "x", "project_id": 1, "custom_fields": [{"id": 1, "value": 1}] * 501},
            "custom_fields",
        ),
        ("/tasks/new", {"subject": "x", "project_id": 1, "cf_1": ["x"] * 501}, "cf_1"),
        ("/notifications/preferences", {"wanted": ["x"] * 101}, "wanted"),
    ],
)
def test_items_are_counted_before_they_are_looked_at(
    visit: Visit, address: str, body: dict[str, object], field: str
) -> None:
    method = "PUT" if address.endswith("api/tasks/bulk") else "POST"
    answer = visit("anna").request(method, address, json=body)
    assert answer.status_code == 422 and list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize("asked", ["status_id", "project", "assigned_to_id"])
def test_a_list_in_an_address_is_counted_too(visit: Visit, asked: str) -> None:
    answer = visit("anna").get(f"/tasks/my-tasks?{asked}=" + ",".join(["1"] * 201))
    assert answer.status_code == 422 and list(answer.json()["errors"]) == [asked]


@pytest.mark.parametrize("digits", ["0" * 5_000 + "99", "9" * 5_000, "2147483648"], ids=["zeros", "nines", "one more"])
def test_a_number_that_is_none_of_ours_is_not_there_at_every_address(visit: Visit, digits: str) -> None:
    admin = visit("admin")
    for method, path in numbered():
        address = re.sub(r"{[^}]*}", "1", re.sub(r"{\w+:int}", digits, path, count=1))
        for face in (HTML, {}):
            assert admin.request(method, address, headers=face).status_code in NOT_THERE[method], (method, path)


NOT_THERE = {
    "GET": {301, 303, 403, 404},
    "HEAD": {301, 303, 403, 404},
    "POST": {308, 404, 422, 501},
    "PUT": {404, 422},
    "DELETE": {404},
}
"""Answers to what is not there, or where a system is not set: addresses of old lead to those of today, others' lists
are not told of, and a body that lacks something may be refused for that."""


def numbered() -> list[tuple[str, str]]:
    """Each method of each address that has a number."""
    return [
        (method, route.path)
        for route in ROUTES
        if isinstance(route, Route) and ":int}" in route.path
        for method in sorted(route.methods or ())
    ]


@pytest.mark.parametrize("digits", ["9" * 5_000, "99999999999", "-1", "²", "x"])
def test_the_preview_of_a_comment_that_cannot_be_is_not_there(number: int, visit: Visit, digits: str) -> None:
    answer = visit("anna").post(f"/tasks/{number}/preview", params={"of": digits}, data={"comment": "x"}, headers=HTML)
    assert answer.status_code == 404


@pytest.mark.parametrize("hours", ["9" * 400, "1e99", "1e9", 1e300, 10**30, -(10**12), "-" + "9" * 400])
def test_more_hours_than_can_be_reckoned_with_are_refused(visit: Visit, hours: object) -> None:
    answer = visit("anna").post("/tasks/new", json={"subject": "x", "project_id": 1, "estimated_hours": hours})
    assert answer.status_code == 422 and list(answer.json()["errors"]) == ["estimated_hours"]


def nested(depth: int) -> bytes:
    return b'{"a": ' * (depth - 1) + b"{}" + b"}" * (depth - 1)


def test_json_is_bounded_in_depth_and_in_values_whatever_its_texts_hold() -> None:
    request_body.json_object(nested(request_body.DEEPEST))
    with pytest.raises(Malformed):
        request_body.json_object(nested(request_body.DEEPEST + 1))
    for text in ("[" * 50_000, "," * 50_000, '"' * 50_000, "\\" * 50_000, '\\"[,' * 10_000):
        assert request_body.json_object(json.dumps({"a": text}).encode()) == {"a": text}
    assert len(request_body.json_object(json.dumps({str(number): "x" for number in range(2_000)}).encode())) == 2_000


def test_more_is_allowed_only_to_who_is_signed_in() -> None:
    assert request_body.Allowance().of("multipart/form-data") == request_body.OF_ANYBODY == 64 * KILOBYTE
    assert request_body.Allowance().files == 0 and request_data.an_id("7") == 7


async def test_a_body_that_came_fast_and_stops_is_not_waited_for_by_what_has_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(request_body, "PAUSE_SECONDS", 0.05)
    scope = {"type": "http", "headers": [], "state": {"allowance": request_body.Allowance(MEGABYTE)}}
    sent: list[Message] = [{"type": "http.request", "body": b"x" * 900 * KILOBYTE, "more_body": True}]

    async def receive() -> Message:
        return sent.pop() if sent else await asyncio.Future[Message]()

    body = request_body._Body(scope, receive)
    assert await body()
    async with asyncio.timeout(20):
        with pytest.raises(request_body.TooSlow):
            await body()
