"""How we speak to Redmine, over real sockets to an imitation of it that misbehaves."""

import ast
import asyncio
import gc
import gzip
import json
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from traceback import format_exception

import pytest
from hypothesis import given
from hypothesis import strategies as some

from helpdesk import redmine_client
from helpdesk.errors import (
    BadResponse,
    Conflict,
    HelpdeskError,
    Invalid,
    LockedOut,
    NotAllowed,
    NotFound,
    Unavailable,
    WrongKey,
)
from helpdesk.redmine_client import NotSent, RedmineClient, Unanswered, user_id, within
from tests.servers import imitated_redmine as imitation
from tests.servers.imitated_redmine import EVERYTHING, ISSUE, ME, Answer, ImitatedRedmine, imitated_redmine, says
from tests.servers.process import free_port

pytestmark = pytest.mark.usefixtures("no_pause")

ROOT = Path(__file__).parent.parent
CLIENTS = {"httpx.AsyncClient", "httpx.Client", "AsyncClient"}
KEY = "0123456789abcdef-key-of-the-helpdesk"
PASSWORD = "пароль-demo"
BROKEN_LINES = [imitation.hang_up, imitation.half_a_body]
STUMBLES = [*BROKEN_LINES, says(500), says(502, "<html>Bad Gateway</html>", "text/html"), says(503)]
NO_OBJECTS = [
    says(200, "<!DOCTYPE html><title>Sign in</title>", "text/html"),
    says(204),
    says(200, '{"issue": {'),
    says(200, "[]"),
    says(200, "null"),
    says(200, b'{"issue": "\xff"}'),
    says(200, '{"issue": "\\ud800"}'),
    says(200, "[" * 100_000),
    says(200, '{"a":' * 100_000),
    says(200, "{}", Content_Encoding="gzip"),
]


@asynccontextmanager
async def calling(url: str, key: str = KEY) -> AsyncIterator[RedmineClient]:
    client = RedmineClient(url, key)
    try:
        yield client
    finally:
        await client.close()


async def failure_of_get(server: ImitatedRedmine, answer: Answer) -> HelpdeskError:
    server.answers[ISSUE] = answer
    async with calling(server.url) as client:
        with pytest.raises(HelpdeskError) as failure:
            await client.get(ISSUE, "anna")
    return failure.value


async def failure_of_put(server: ImitatedRedmine, answer: Answer) -> HelpdeskError:
    server.answers[ISSUE] = answer
    async with calling(server.url) as client:
        with pytest.raises(HelpdeskError) as failure:
            await client.put(ISSUE, {"issue": {}}, "anna")
    return failure.value


async def test_a_call_carries_our_key_and_the_person_and_asks_for_json(server: ImitatedRedmine) -> None:
    async with calling(server.url) as client:
        await client.get(ISSUE, "anna", [("include", "journals")])

    (request,) = server.requests
    assert request.target == f"{ISSUE}?include=journals"
    sent = request.headers
    assert (sent["x-redmine-api-key"], sent["x-redmine-switch-user"]) == (KEY, "anna")
    assert sent["accept"] == "application/json" and "cookie" not in sent and "authorization" not in sent


async def test_a_cookie_of_one_person_is_kept_for_nobody(server: ImitatedRedmine) -> None:
    user = json.dumps({"user": {"id": 5, "login": "anna", "mail": "anna@example.test"}})
    server.answers[EVERYTHING] = says(200, user, Set_Cookie="_redmine_session=of-anna; path=/")
    async with calling(server.url) as client:
        await client.who_is("anna", PASSWORD)
        await client.get(ME, "boris")
        for pool in (client.http, client.transfers):
            await client.send("GET", ME, pool)
            assert not pool.cookies.jar
    assert len(server.requests) == 4
    assert not [request for request in server.requests if "cookie" in request.headers]


def test_every_client_of_ours_keeps_no_cookies() -> None:
    made = [
        {keyword.arg for keyword in node.keywords}
        for file in sorted((ROOT / "helpdesk").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in CLIENTS
    ]
    assert made and all("cookies" in named for named in made)


async def test_a_redmine_below_a_path_is_asked_there(server: ImitatedRedmine) -> None:
    async with calling(f"{server.url}/redmine") as client:
        with pytest.raises(NotFound):
            await client.get(ISSUE)

    assert [request.path for request in server.requests] == [f"/redmine{ISSUE}"]


@pytest.mark.parametrize("stumble", STUMBLES)
async def test_reading_is_tried_exactly_twice_when_redmine_stumbles(server: ImitatedRedmine, stumble: Answer) -> None:
    failure = await failure_of_get(server, stumble)

    assert failure.code == "unavailable" and server.count("GET", ISSUE) == 2


async def test_the_second_try_may_succeed(server: ImitatedRedmine) -> None:
    async def heal(*arguments: object) -> None:
        del server.answers[ISSUE]

    server.answers[ISSUE] = heal
    async with calling(server.url) as client:
        assert (await client.get(ISSUE))["issue"]["id"] == 7


@pytest.mark.parametrize("stumble", STUMBLES)
async def test_writing_is_tried_once(server: ImitatedRedmine, stumble: Answer) -> None:
    failure = await failure_of_put(server, stumble)

    assert failure.code == "unavailable" and server.count("PUT", ISSUE) == 1


@pytest.mark.parametrize("broken", BROKEN_LINES)
async def test_a_connection_broken_after_sending_is_distinguished_from_none(
    server: ImitatedRedmine, broken: Answer
) -> None:
    assert type(await failure_of_put(server, broken)) is Unanswered
    async with calling(f"http://127.0.0.1:{free_port()}") as client:
        with pytest.raises(NotSent):
            await client.put(ISSUE, {"issue": {}}, "anna")


@pytest.mark.parametrize(
    ("status", "of_get", "of_put"),
    [
        (302, BadResponse, BadResponse),
        (400, BadResponse, BadResponse),
        (401, WrongKey, WrongKey),
        (403, NotAllowed, NotAllowed),
        (404, NotFound, NotFound),
        (409, BadResponse, Conflict),
        (412, LockedOut, LockedOut),
        (418, BadResponse, BadResponse),
        (422, BadResponse, BadResponse),
        (500, Unavailable, Unavailable),
        (502, Unanswered, Unanswered),
        (503, Unavailable, Unavailable),
        (504, Unanswered, Unanswered),
    ],
)
async def test_every_status_has_its_meaning_and_none_is_asked_for_again(
    server: ImitatedRedmine, status: int, of_get: type[HelpdeskError], of_put: type[HelpdeskError]
) -> None:
    assert type(await failure_of_get(server, says(status))) is of_get
    assert server.count("GET", ISSUE) == (2 if status >= 500 else 1)
    assert type(await failure_of_put(server, says(status))) is of_put


@pytest.mark.parametrize("answer", NO_OBJECTS)
async def test_a_body_that_is_no_json_object_is_a_bad_response(server: ImitatedRedmine, answer: Answer) -> None:
    assert type(await failure_of_get(server, answer)) is BadResponse


@given(some.lists(some.sampled_from([*"\\\\/u09dD8bfF\n", '"', "\\ud83d", "\\uDe00", "\\\\", "я", "😀"]), max_size=12))
def test_an_answer_is_refused_just_when_it_can_not_be_encoded(pieces: list[str]) -> None:
    content = f'{{"a": ["{"".join(pieces)}"]}}'.encode()
    try:
        expected = json.loads(content)
        json.dumps(expected, ensure_ascii=False).encode()
    except ValueError:
        with pytest.raises(BadResponse):
            redmine_client.json_object("", redmine_client.Answer(200, content))
    else:
        assert redmine_client.json_object("", redmine_client.Answer(200, content)) == expected


async def test_a_large_answer_lets_the_event_loop_go_on(server: ImitatedRedmine) -> None:
    """In CPU time of this process, without what collecting garbage takes."""
    issues = [{"id": n, "subject": "Не печатает принтер", "status": {"id": 1, "name": "Новая"}} for n in range(60_000)]
    server.answers[ISSUE] = says(200, json.dumps({"issues": issues}, ensure_ascii=False))
    gc.disable()
    try:
        async with calling(server.url) as client:
            asked = asyncio.create_task(client.get(ISSUE))
            beats = [time.process_time()]
            while not asked.done():
                await asyncio.sleep(0)
                beats.append(time.process_time())
    finally:
        gc.enable()
    longest = max(after - before for before, after in pairwise(beats))
    assert (await asked)["issues"] == issues and longest < (beats[-1] - beats[0]) / 4


async def test_an_endless_answer_is_cut_off(server: ImitatedRedmine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redmine_client, "LARGEST_ANSWER", 2**20)

    assert type(await failure_of_get(server, imitation.flood)) is BadResponse


async def test_a_small_answer_that_unpacks_to_a_huge_one_is_cut_off(
    server: ImitatedRedmine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redmine_client, "LARGEST_ANSWER", 2**20)
    bomb = gzip.compress(b" " * 2**22)

    assert type(await failure_of_get(server, says(200, bomb, Content_Encoding="gzip"))) is BadResponse


async def test_a_page_in_answer_to_a_write_is_not_taken_for_its_success(server: ImitatedRedmine) -> None:
    assert type(await failure_of_put(server, says(200, "<html>", "text/html"))) is BadResponse


async def test_the_sentences_of_a_refusal_are_redmines_own(server: ImitatedRedmine) -> None:
    refusal = await failure_of_put(server, says(422, json.dumps({"errors": ["Тема пуста", "", "100 % мимо"]})))

    assert isinstance(refusal, Invalid)
    assert [sentence.text for sentence in refusal.fields["base"]] == ["Тема пуста", "100 % мимо"]


async def test_a_refusal_without_a_sentence_is_a_conflict(server: ImitatedRedmine) -> None:
    assert type(await failure_of_put(server, says(422, '{"errors": []}'))) is Conflict
    assert type(await failure_of_put(server, says(422, '{"errors": null}'))) is BadResponse


async def test_the_key_does_not_follow_a_redirect_to_another_host(server: ImitatedRedmine) -> None:
    async with imitated_redmine() as other:
        away = says(302, Location=f"{other.url}{ISSUE}")
        await failure_of_get(server, away)
        await failure_of_put(server, says(307, Location=f"{other.url}{ISSUE}"))

        assert other.requests == []


async def test_proxies_of_the_environment_get_nothing(server: ImitatedRedmine, monkeypatch: pytest.MonkeyPatch) -> None:
    async with imitated_redmine() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with calling(server.url) as client:
            await client.get(ISSUE)
            await client.who_is("anna", PASSWORD)

        assert proxy.requests == [] and len(server.requests) == 2


@pytest.mark.parametrize("endless", [imitation.silence, imitation.drip])
async def test_an_answer_that_never_ends_is_given_up(server: ImitatedRedmine, endless: Answer) -> None:
    server.answers[ISSUE] = endless
    async with calling(server.url) as client:
        with pytest.raises(Unavailable):
            async with within(0.2):
                await client.get(ISSUE)


@pytest.mark.parametrize("key", ["ключ-secret-key", "secret-key\r\nX-Evil: 1", "secret-key\udce4"])
async def test_a_key_that_is_none_fails_as_a_wrong_one_and_is_quoted_nowhere(
    server: ImitatedRedmine, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    server.answers[EVERYTHING] = says(401)
    async with calling(server.url, key) as client:
        with pytest.raises(WrongKey) as failure:
            await client.get(ISSUE, "anna")

    told = "".join(format_exception(failure.value)) + failure.value.detail + caplog.text
    assert "secret-key" not in told
    assert not any("x-evil" in request.headers for request in server.requests)


async def test_login_and_password_go_by_basic_and_without_our_key(server: ImitatedRedmine) -> None:
    async with calling(server.url) as client:
        user = await client.who_is("anna", PASSWORD)

    (request,) = server.requests
    assert request.headers["authorization"] == "Basic " + b64encode(f"anna:{PASSWORD}".encode()).decode()
    assert "x-redmine-api-key" not in request.headers and user is not None


@pytest.mark.parametrize("status", [401, 403])
async def test_refused_credentials_are_nobodys(server: ImitatedRedmine, status: int) -> None:
    server.answers[ME] = says(status)
    async with calling(server.url) as client:
        assert await client.who_is("anna", PASSWORD) is None
    assert server.count("GET", ME) == 1


@pytest.mark.parametrize("answer", [says(404), *[says(200, body) for body in ("{}", '{"user": null}', '{"user": 5}')]])
async def test_an_answer_without_a_user_makes_no_sense_and_is_no_wrong_password(
    server: ImitatedRedmine, answer: Answer
) -> None:
    server.answers[ME] = answer
    async with calling(server.url) as client:
        with pytest.raises(BadResponse):
            await client.who_is("anna", PASSWORD)


@pytest.mark.parametrize("id", ["5", 5.0, True, None, 0, -5, 2**31, [5]])
def test_only_a_whole_positive_number_is_a_user(id: object) -> None:
    assert user_id({"id": 5}) == 5
    with pytest.raises(BadResponse):
        user_id({"id": id})
