"""What goes over the line: compressed when that helps, not again when nothing changed, never another's."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from helpdesk.app import create_app
from helpdesk.paths import folder
from helpdesk.services import Services
from helpdesk.web.edge.compression import HARD_UP_TO_BYTES, PIECE_BYTES, Compression
from helpdesk.web.edge.etag import hash_of
from helpdesk.web.lists import counts
from tests.web.conftest import HTML, HTMX, Visit, session_cookie
from tests.world import STATUS_IDS, EmbeddedWorld

BROTLI = {"Accept-Encoding": "gzip, deflate, br, zstd"}
LIST = "/tasks/my-tasks"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is: a page without the numbers beside its links is another page."""
    monkeypatch.setattr(counts, "WAIT_SECONDS", 60.0)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def anna(services: Services, clock: Clock) -> Iterator[TestClient]:
    with TestClient(create_app(replace(services, clock=clock)), follow_redirects=False) as client:
        client.cookies.set("session", session_cookie(services, "anna"))
        yield client


def key_of(page: str) -> str:
    found = re.search(r'name="idempotency_key" value="([^"]+)"', page)
    assert found
    return found[1]


def get(client: TestClient, address: str, tag: str, **headers: str) -> Response:
    return client.get(address, headers=HTML | {"If-None-Match": tag} | headers)  # type: ignore[return-value]


# Compression


@pytest.mark.parametrize(
    ("accepts", "coding"), [("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("zstd", None)]
)
def test_a_page_is_compressed_as_its_reader_likes(visit: Visit, accepts: str, coding: str | None) -> None:
    answer = visit("anna").get(LIST, headers=HTML | {"Accept-Encoding": accepts})
    assert answer.headers.get("content-encoding") == coding and "<main" in answer.text
    assert {"Accept-Encoding", "Cookie", "HX-Request"} <= set(answer.headers["vary"].split(", "))
    assert answer.headers["cache-control"] == "private, no-cache" and answer.headers["x-response-time"]


def test_a_compressed_page_is_the_page(visit: Visit) -> None:
    with visit("anna").stream("GET", LIST, headers=HTML | BROTLI) as answer:
        sent = b"".join(answer.iter_raw())
    assert int(answer.headers["content-length"]) == len(sent)
    assert b"</html>" in brotli.decompress(sent)


def test_a_small_answer_is_left_alone(visit: Visit) -> None:
    answer = visit().get("/healthz", headers=BROTLI)
    assert "content-encoding" not in answer.headers


def test_the_first_answer_to_a_key_is_kept_as_text_and_compressed_anew(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, client = embedded.new_task(), visit("anna")
    sent = {"comment": "Заменили катушку, печатает.", "idempotency_key": "once"}
    first, second = (client.post(f"/tasks/{number}/comments", data=sent, headers=HTMX | BROTLI) for _ in range(2))
    assert first.headers["content-encoding"] == second.headers["content-encoding"] == "br"
    assert first.text == second.text and "Заменили катушку" in first.text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("coding", ["br", "gzip", "identity"])
@pytest.mark.parametrize(
    "size", [0, 399, HARD_UP_TO_BYTES, HARD_UP_TO_BYTES + 1, PIECE_BYTES, 2 * PIECE_BYTES, 500_001]
)
def test_an_answer_arrives_whole_whatever_its_size(method: str, coding: str, size: int) -> None:
    text = "".join(map(str, range(200_000)))[:size]

    async def answer(request: Request) -> Response:
        return PlainTextResponse(text)

    app = Starlette(routes=[Route("/", answer, methods=["GET", "POST"])], middleware=[Middleware(Compression)])
    found = TestClient(app).request(method, "/", headers={"Accept-Encoding": coding})
    assert found.text == text and "private" in found.headers["cache-control"]
    assert found.headers.get("content-encoding") == (coding if size >= 400 and coding != "identity" else None)
    assert int(found.headers.get("content-length", size)) <= size


def test_a_small_answer_to_a_write_may_come_in_several_pieces() -> None:
    async def answer(request: Request) -> Response:
        return StreamingResponse(iter([b"a" * 500, b"b" * 500]), headers={"Content-Length": "1000"})

    app = Starlette(routes=[Route("/", answer, methods=["POST"])], middleware=[Middleware(Compression)])
    assert TestClient(app).post("/", headers=BROTLI).content == b"a" * 500 + b"b" * 500


def test_only_small_answers_to_writes_are_compressed_hard(visit: Visit, embedded: EmbeddedWorld) -> None:
    """The hardest takes a hundred times as long for a page: nobody else would be served meanwhile."""
    client, talked_of = visit("anna"), embedded.new_task()
    for kind in range(60):
        client.post(f"/tasks/api/task/{talked_of}/comments", json={"comment": f"Комментарий {kind} " * 30})
    status = {"status_id": STATUS_IDS["in_progress"]}
    qualities = [
        quality(client, f"/tasks/{embedded.new_task()}/status", status, HTMX),
        quality(client, f"/tasks/{embedded.new_task()}/status", status | {"view": "card"}, HTMX),
        quality(client, f"/tasks/{talked_of}/comments", {"comment": "Готово."}, HTMX),
        quality(client, f"/tasks/{talked_of}/comments", {"comment": ""}, HTML),
    ]
    assert qualities == [10, 10, 6, 6]


def quality(client: TestClient, address: str, sent: dict[str, object], headers: dict[str, str]) -> int | None:
    with client.stream("POST", address, data=sent, headers=headers | BROTLI) as answer:
        raw = b"".join(answer.iter_raw())
    whole = brotli.decompress(raw)
    return next((it for it in (10, 6) if compressed(whole, it) == raw), None)


def compressed(whole: bytes, quality: int) -> bytes:
    """As it is sent: what is large goes through the compressor in pieces, which takes some bytes more."""
    if len(whole) <= PIECE_BYTES:
        return brotli.compress(whole, quality=quality)
    compressor = brotli.Compressor(quality=quality)
    pieces = [compressor.process(whole[at : at + PIECE_BYTES]) for at in range(0, len(whole), PIECE_BYTES)]
    return b"".join(pieces) + compressor.finish()


async def test_others_have_their_turn_while_a_large_answer_is_compressed() -> None:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await Response("ю" * 10 * PIECE_BYTES, media_type="text/html")(scope, receive, send)

    turns, sent, done = 0, list[Message](), False

    async def others() -> None:
        nonlocal turns
        while not done:
            turns += 1
            await asyncio.sleep(0)

    async def send(message: Message) -> None:
        sent.append(message)

    running = asyncio.create_task(others())
    scope = {"type": "http", "method": "GET", "query_string": b"", "headers": [(b"accept-encoding", b"br")]}
    await Compression(answer)(scope, receive_nothing, send)
    done = True
    await running
    assert turns >= 10 and brotli.decompress(b"".join(it.get("body", b"") for it in sent)).decode()[:1] == "ю"


async def receive_nothing() -> Message:
    return {"type": "http.request"}


def test_where_another_site_sends_words_to_nothing_is_compressed(visit: Visit) -> None:
    """BREACH: the size of an answer that holds both the words and what tasks say would tell of the tasks."""
    client = visit("anna")
    for address, site, coding in (
        (f"{LIST}?search=guess", "cross-site", None),
        (f"{LIST}?search=guess", "same-site", None),
        (f"{LIST}?search=guess", "same-origin", "br"),
        (LIST, "cross-site", "br"),
    ):
        answer = client.get(address, headers=HTML | BROTLI | {"Sec-Fetch-Site": site})
        assert answer.headers.get("content-encoding") == coding, (address, site)


async def in_parts(request: Request) -> Response:
    return PlainTextResponse("a" * 5000, headers={"Accept-Ranges": "bytes", "Cache-Control": "private"})


async def events(request: Request) -> Response:
    return StreamingResponse(iter([b"data: 1\n\n" * 100, b"data: 2\n\n"]), media_type="text/event-stream")


async def table(request: Request) -> Response:
    return Response("1;2;3\n" * 500, media_type="text/csv")


@pytest.mark.parametrize(("path", "coding"), [("/in-parts", None), ("/events", None), ("/table", "br")])
def test_streams_and_files_in_parts_go_as_they_are(path: str, coding: str | None) -> None:
    routes = [Route("/in-parts", in_parts), Route("/events", events), Route("/table", table)]
    with TestClient(Starlette(routes=routes, middleware=[Middleware(Compression)])) as client:
        assert client.get(path, headers=BROTLI).headers.get("content-encoding") == coding


# What is there already


@pytest.mark.parametrize("headers", [HTML, HTMX, {}], ids=["page", "fragment", "JSON"])
@pytest.mark.parametrize("address", [LIST, "/tasks/{}", "/tasks/api/task/{}", "/tasks/api/task/{}/history"])
def test_an_unchanged_page_is_not_sent_again(
    anna: TestClient, embedded: EmbeddedWorld, address: str, headers: dict[str, str]
) -> None:
    address = address.format(embedded.new_task())
    first = anna.get(address, headers=headers)
    again = anna.get(address, headers=headers | {"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == "private, no-cache"
    assert {"Accept-Encoding", "Cookie", "HX-Request", "Accept"} <= set(again.headers["vary"].split(", "))
    assert again.headers["x-request-id"] and again.headers["content-security-policy"]
    assert "content-type" not in again.headers and "content-encoding" not in again.headers


def test_compressed_or_not_the_etag_is_one(anna: TestClient) -> None:
    tags = {anna.get(LIST, headers=HTML | {"Accept-Encoding": it}).headers["etag"] for it in ("br", "gzip", "identity")}
    assert len(tags) == 1 and tags.pop().startswith('W/"')


def test_a_head_carries_the_etag_and_can_be_not_modified(anna: TestClient, embedded: EmbeddedWorld) -> None:
    address = f"/tasks/{embedded.new_task()}"
    tag = anna.head(address, headers=HTML).headers["etag"]
    assert tag == anna.get(address, headers=HTML).headers["etag"]
    assert anna.head(address, headers=HTML | {"If-None-Match": f'"other", {tag}'}).status_code == 304


def test_the_strong_form_of_the_etag_matches_the_page(anna: TestClient) -> None:
    tag = anna.get(LIST, headers=HTML).headers["etag"]
    assert get(anna, LIST, tag.removeprefix("W/")).status_code == 304


@pytest.mark.parametrize("tag", ["", "*", '"', 'W/""', 'W/"x-99999999999999999999"', '"a-1", "b', "é"])
def test_an_odd_if_none_match_gets_the_page(anna: TestClient, embedded: EmbeddedWorld, tag: str) -> None:
    for address in (LIST, f"/tasks/{embedded.new_task()}"):
        answer = anna.get(address, headers=[*HTML.items(), (b"if-none-match", tag.encode())])  # type: ignore[arg-type]
        assert answer.status_code == 200


def test_a_changed_page_is_sent(number: int, anna: TestClient) -> None:
    for address in (LIST, f"/tasks/{number}"):
        before = anna.get(address, headers=HTML).headers["etag"]
        anna.put(f"/tasks/api/task/{number}/status", json={"status_id": STATUS_IDS["in_progress"], "comment": address})
        assert get(anna, address, before).status_code == 200
        anna.put(f"/tasks/api/task/{number}/status", json={"status_id": STATUS_IDS["resolved"], "comment": address})


def test_another_language_or_theme_is_another_page(anna: TestClient) -> None:
    tag = anna.get(LIST, headers=HTML).headers["etag"]
    assert get(anna, LIST, tag, Cookie="theme=dark; " + cookies(anna)).status_code == 200
    assert get(anna, LIST, tag, **{"Accept-Language": "ru"}).status_code == 200
    assert get(anna, LIST, tag).status_code == 304


def cookies(client: TestClient) -> str:
    return f"session={client.cookies['session']}"


@pytest.mark.parametrize("headers", [HTML, HTMX, {}], ids=["page", "fragment", "JSON"])
def test_an_etag_of_one_person_is_worth_nothing_to_another(
    visit: Visit, embedded: EmbeddedWorld, headers: dict[str, str]
) -> None:
    addresses = [LIST, f"/tasks/api/task/{embedded.new_task()}"]
    for address in addresses:
        tags = {login: visit(login).get(address, headers=headers).headers.get("etag") for login in ("anna", "boris")}
        assert tags["anna"] and tags["boris"] and tags["anna"] != tags["boris"]
        for login, status in (("boris", 200), ("stranger", 404 if address != LIST else 200)):
            sent = headers | {"If-None-Match": tags["anna"]}
            assert visit(login).get(address, headers=sent).status_code == status


def test_the_same_words_are_another_etag_for_another_person() -> None:
    assert len({hash_of(b"the same", person) for person in (None, 1, 2, 12)}) == 4


def test_without_a_session_no_etag_opens_a_page(visit: Visit) -> None:
    tag = visit("anna").get(LIST, headers=HTML).headers["etag"]
    assert visit().get(LIST, headers=HTML | {"If-None-Match": tag}).status_code == 303
    assert visit().get(LIST, headers={"If-None-Match": tag}).status_code == 401


def test_only_what_says_nothing_is_left_out() -> None:
    field = b'<input type="hidden" name="idempotency_key" value="%b">'
    assert hash_of(field % b"one", 1) == hash_of(field % b"two", 1)
    assert hash_of(b'{"a":1,"execution_time":0.0012}', 1) == hash_of(b'{"a":1,"execution_time":9.9e-05}', 1)
    assert hash_of(b"<time data-as-of>12:00</time>", 1) == hash_of(b"<time data-as-of>12:01</time>", 1)
    for one, two in (
        (
            b'&lt;input type="hidden" name="idempotency_key" value="1">',
            b'&lt;input type="hidden" name="idempotency_key" value="2">',
        ),
        (rb'{"t":",\"execution_time\":1"}', rb'{"t":",\"execution_time\":2"}'),
        (
            b'<input type="hidden" name="lock_version" value="1">',
            b'<input type="hidden" name="lock_version" value="2">',
        ),
        (b"<time>12:00</time>", b"<time>12:01</time>"),
    ):
        assert hash_of(one, 1) != hash_of(two, 1)


def test_a_write_refusals_and_files_carry_no_etag(number: int, anna: TestClient) -> None:
    assert "etag" not in anna.post(f"/tasks/{number}/comments", data={"comment": "x"}, headers=HTMX).headers
    assert "etag" not in anna.get("/tasks/99999", headers=HTML).headers
    assert "etag" not in anna.get("/tasks/99999").headers


# A page with forms whose keys are used up must not be shown again


def test_a_page_whose_key_was_used_is_sent_anew_even_when_it_shows_the_same(
    number: int, anna: TestClient, clock: Clock
) -> None:
    """To press without a choice changes nothing but uses the key: with the old page every other choice were refused."""
    page = anna.get(f"/tasks/{number}", headers=HTML)
    clock.now += timedelta(minutes=5)
    same = {"status_id": STATUS_IDS["new"], "idempotency_key": key_of(page.text)}
    assert anna.post(f"/tasks/{number}/status", data=same, headers=HTML).status_code == 303
    del anna.cookies["flash"]  # the page with the message of the write is sent whole, once
    again = get(anna, f"/tasks/{number}", page.headers["etag"])
    assert again.status_code == 200 and key_of(again.text) != key_of(page.text)  # type: ignore[attr-defined]
    assert again.headers["etag"].split("-")[0] == page.headers["etag"].split("-")[0]
    clock.now += timedelta(minutes=5)
    fresh = get(anna, f"/tasks/{number}", again.headers["etag"])
    assert fresh.status_code == 200
    clock.now += timedelta(minutes=5)
    assert get(anna, f"/tasks/{number}", fresh.headers["etag"]).status_code == 304


def test_clocks_of_two_machines_may_differ_by_a_little(number: int, anna: TestClient, clock: Clock) -> None:
    anna.post(f"/tasks/{number}/comments", data={"comment": "x", "idempotency_key": "k"}, headers=HTML)
    del anna.cookies["flash"]
    for later, status in ((3, 200), (60, 304)):
        clock.now += timedelta(seconds=later)
        tag = anna.get(f"/tasks/{number}", headers=HTML).headers["etag"]
        assert get(anna, f"/tasks/{number}", tag).status_code == status


def test_the_keys_that_others_used_do_not_matter(
    anna: TestClient, services: Services, visit: Visit, embedded: EmbeddedWorld, clock: Clock
) -> None:
    number, other = embedded.new_task(), embedded.new_task()
    tag = anna.get(f"/tasks/{number}", headers=HTML).headers["etag"]
    visit("boris").post(f"/tasks/{other}/comments", data={"comment": "x", "idempotency_key": "k"}, headers=HTML)
    clock.now += timedelta(minutes=1)
    assert get(anna, f"/tasks/{number}", tag).status_code == 304


@pytest.mark.parametrize("made", ["", "-99999999999999999999", "-later", "-"])
def test_a_page_made_nobody_knows_when_is_not_trusted(number: int, anna: TestClient, made: str) -> None:
    tag = anna.get(f"/tasks/{number}", headers=HTML).headers["etag"]
    assert get(anna, f"/tasks/{number}", re.sub(r"-\d+", made, tag)).status_code == 200


@pytest.mark.parametrize(("made", "status"), [("-0", 304), ("-9999999999", 200)])
def test_a_page_made_long_ago_is_known_and_one_made_in_a_time_to_come_is_not(
    number: int, anna: TestClient, made: str, status: int
) -> None:
    tag = anna.get(f"/tasks/{number}", headers=HTML).headers["etag"]
    assert get(anna, f"/tasks/{number}", re.sub(r"-\d+", made, tag)).status_code == status


# Templates


def test_no_sentence_and_no_literal_text_spans_lines() -> None:
    """For indentation is taken away when a template is read."""
    for file in Path(folder("templates")).rglob("*.html"):
        for found in re.finditer(
            r"{%-? *trans\b.*?endtrans|<pre\b.*?</pre|<textarea\b.*?</textarea", file.read_text(), re.DOTALL
        ):
            assert "\n" not in found[0], f"{file.name}: {found[0]}"


def test_pages_are_sent_without_the_indentation_of_their_templates(visit: Visit) -> None:
    lines = visit("anna").get(LIST, headers=HTML).text.splitlines()
    assert [line for line in lines if line.startswith(("  ", "\t"))] == []
