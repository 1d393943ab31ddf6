"""Files sent to people: whole and in parts, saved and never run."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as some

from helpdesk.app import create_app
from helpdesk.services import Services
from helpdesk.tasks.embedded.backend import EmbeddedBackend
from helpdesk.tasks.files import Chunks
from helpdesk.tasks.model import Actor, Attachment, OpenFile
from helpdesk.web.core import errors
from helpdesk.web.files import downloads
from tests.web.conftest import HTML, Visit, attached, session_cookie
from tests.world import EmbeddedWorld

CONTENT = bytes(range(256)) * 3


@pytest.fixture
def number(embedded: EmbeddedWorld) -> int:
    return embedded.new_task()


@pytest.fixture
def file(embedded: EmbeddedWorld, number: int) -> int:
    return attached(embedded, number, CONTENT, "Отчёт «за май» 100%.txt", "text/plain")


def test_a_file_is_sent_to_be_saved_and_never_run(visit: Visit, number: int, file: int) -> None:
    for address in (f"/tasks/{number}/files/{file}", f"/tasks/api/task/{number}/attachment/{file}/download"):
        answer = visit("irina").get(address, headers=HTML)
        assert (answer.status_code, answer.content) == (200, CONTENT)
        told = answer.headers
        assert told["content-disposition"].startswith("attachment; ")
        assert (told["content-type"], told["content-length"]) == ("text/plain", str(len(CONTENT)))
        assert told["x-content-type-options"] == "nosniff" and told["accept-ranges"] == "bytes"
        assert told["content-security-policy"] == "sandbox; default-src 'none'"
        assert told["cache-control"] == "private, no-cache" and not told["etag"].startswith("W/")


def test_a_program_gets_the_address_of_the_file(visit: Visit, number: int, file: int) -> None:
    client, address = visit("anna"), f"/tasks/api/task/{number}/attachment/{file}/download"
    told = client.get(f"{address}?format=json").json()
    assert told["success"] and (told["filename"], told["filesize"]) == ("Отчёт «за май» 100%.txt", len(CONTENT))
    by_accept = {"Accept": "application/json, text/plain"}
    assert client.get(address, headers=by_accept).json()["download_url"] == told["download_url"]
    assert client.get(told["download_url"], headers=by_accept).content == CONTENT


@pytest.mark.parametrize("accept", ["*/*", "application/json, */*;q=0.5", "application/json;q=0", "text/html", ""])
def test_any_accept_header_gets_the_file(visit: Visit, number: int, file: int, accept: str) -> None:
    address = f"/tasks/api/task/{number}/attachment/{file}/download"
    assert visit("anna").get(address, headers={"Accept": accept}).content == CONTENT


def test_the_file_of_an_invisible_task_is_not_found(
    visit: Visit, embedded: EmbeddedWorld, number: int, file: int
) -> None:
    other = embedded.new_task()
    refused = [
        visit(login).get(f"/tasks/api/task/{task}/attachment/{one}/download")
        for login, task, one in (
            ("stranger", number, file),
            ("anna", other, file),
            ("anna", number, file + 1),
            ("anna", number, 0),
            ("anna", number, 10**12),
        )
    ]
    assert {(answer.status_code, answer.json()["message"]) for answer in refused} == {
        (404, "There is nothing here, or it is not visible to you.")
    }


def test_signing_in_leads_back_to_the_file(visit: Visit, number: int, file: int) -> None:
    answer = visit().get(f"/tasks/{number}/files/{file}", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/users/login?next=%2Ftasks%2F{number}%2Ffiles%2F{file}",
    )


def test_the_page_leads_to_its_files(visit: Visit, number: int, file: int) -> None:
    page = visit("anna").get(f"/tasks/{number}", headers=HTML).text
    assert f'href="/tasks/{number}/files/{file}"' in page and "Отчёт «за май» 100%.txt" in page


def test_a_file_in_the_browsers_cache_is_not_sent_again(visit: Visit, number: int, file: int) -> None:
    client, address = visit("anna"), f"/tasks/{number}/files/{file}"
    tag = client.get(address).headers["etag"]
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        answer = client.get(address, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert client.get(address, headers={"If-None-Match": '"other"'}).content == CONTENT
    assert visit("stranger").get(address, headers={"If-None-Match": tag}).status_code == 404


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=5-", 5, 767),
        ("bytes=-3", 765, 767),
        ("bytes=700-9999", 700, 767),
        ("bytes=-9999", 0, 767),
    ],
)
def test_a_requested_part_is_sent(visit: Visit, number: int, file: int, header: str, first: int, last: int) -> None:
    answer = visit("anna").get(f"/tasks/{number}/files/{file}", headers={"Range": header, "Accept-Encoding": "br"})
    assert (answer.status_code, answer.content) == (206, CONTENT[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/768"
    assert answer.headers["content-length"] == str(last - first + 1)


@pytest.mark.parametrize("header", ["bytes=768-", "bytes=9999-10000", "bytes=-0"])
def test_a_part_that_is_not_there_is_refused(visit: Visit, number: int, file: int, header: str) -> None:
    answer = visit("anna").get(f"/tasks/{number}/files/{file}", headers={"Range": header})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */768")
    assert answer.json()["error"] == "range_not_satisfiable"


@pytest.mark.parametrize("header", ["bytes=1-2,5-6", "bytes=5-2", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=١-٢"])
def test_a_range_other_than_a_single_part_gets_the_whole_file(
    visit: Visit, number: int, file: int, header: str
) -> None:
    answer = visit("anna").get(f"/tasks/{number}/files/{file}", headers={"Range": header.encode()})
    assert (answer.status_code, answer.content) == (200, CONTENT)


def test_a_part_of_another_file_is_not_added_to_this_one(visit: Visit, number: int, file: int) -> None:
    client, address = visit("anna"), f"/tasks/{number}/files/{file}"
    tag = client.head(address).headers["etag"]
    for known, status in ((tag, 206), ('"other"', 200), (f"W/{tag}", 200), ("Sat, 21 Nov 2026 00:00:00 GMT", 200)):
        assert client.get(address, headers={"Range": "bytes=1-", "If-Range": known}).status_code == status


def test_a_head_has_the_headers_of_a_get_and_no_body(visit: Visit, number: int, file: int) -> None:
    client, address = visit("anna"), f"/tasks/{number}/files/{file}"
    for asked in ({}, {"Range": "bytes=5-9"}):
        got, head = client.get(address, headers=asked), client.head(address, headers=asked)
        differs = {"x-request-id", "x-response-time"}
        assert head.content == b"" and head.status_code == got.status_code
        assert {k: v for k, v in head.headers.items() if k not in differs} == {
            k: v for k, v in got.headers.items() if k not in differs
        }


def test_an_empty_file_is_a_file(visit: Visit, embedded: EmbeddedWorld, number: int) -> None:
    address = f"/tasks/{number}/files/{attached(embedded, number, b'')}"
    answer = visit("anna").get(address)
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")
    assert visit("anna").get(address, headers={"Range": "bytes=0-"}).status_code == 416


class Endless(EmbeddedBackend):
    """A tracker whose files never end, and which notes when they are let go of."""

    closed = False

    async def open_file(self, actor: Actor, task_id: int, file_id: int) -> OpenFile:
        return OpenFile(Attachment(1, "endless.bin", 10**12, "application/octet-stream"), self._read)

    async def _read(self, first: int) -> Chunks:
        return self._bytes()

    async def _bytes(self) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"a" * 65_536
                await asyncio.sleep(0)
        finally:
            self.closed = True


async def test_a_lost_connection_closes_the_file(services: Services, embedded: EmbeddedWorld) -> None:
    tracker = Endless(services.database, embedded.backend.files.blobs)
    app = create_app(replace(services, backend=tracker))
    cookie = f"session={session_cookie(services, 'anna')}".encode()
    scope = {
        "type": "http", "asgi": {"spec_version": "2.3"}, "method": "GET", "path": "/tasks/1/files/1", "root_path": "",
        "query_string": b"", "headers": [(b"host", b"testserver"), (b"cookie", cookie)], "client": None,
        "http_version": "1.1", "scheme": "http", "server": ("testserver", 80),
    }  # fmt: skip
    gone, sent = asyncio.Event(), 0

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal sent
        sent += len(message.get("body", b""))
        if sent > 1_000_000:
            gone.set()

    await app(scope, receive, send)
    assert tracker.closed and 1_000_000 < sent < 10_000_000


# What holds for every header and every name


@given(some.integers(0, 5_000), some.text("0123456789-, bytes=", max_size=20) | some.text(max_size=20))
def test_any_range_header_is_a_part_of_the_file_or_none(size: int, header: str) -> None:
    for each in (header, f"bytes={header}"):
        try:
            span = downloads.byte_range(each, size)
        except errors.RangeNotSatisfiable:
            continue
        assert span is None or 0 <= span.first <= span.last < size


@given(some.integers(1, 5_000), some.data())
def test_a_part_within_the_file_is_that_part(size: int, data: some.DataObject) -> None:
    first = data.draw(some.integers(0, size - 1))
    last = data.draw(some.integers(first, size - 1))
    assert downloads.byte_range(f"bytes={first}-{last}", size) == (first, last)
    assert downloads.byte_range(f"bytes={first}-", size) == (first, size - 1)
    assert downloads.byte_range(f"bytes=-{size - first}", size) == (first, size - 1)
    assert downloads.byte_range(f"bytes={size - 1}-{size + last}", size) == (size - 1, size - 1)


@given(some.text(min_size=1, max_size=255))
def test_any_name_comes_through_the_header(name: str) -> None:
    header = downloads.disposition(name)
    assert header.isascii() and header.isprintable()
    plain, _, exact = header.rpartition("; filename*=UTF-8''")
    assert unquote(exact) == name.encode("utf-8", "replace").decode()
    quoted = plain.removeprefix('attachment; filename="').removesuffix('"')
    assert len(quoted) == len(name) and '"' not in quoted and "\\" not in quoted


def test_an_ascii_name_is_itself() -> None:
    assert downloads.disposition("plan 7.txt") == "attachment; filename=\"plan 7.txt\"; filename*=UTF-8''plan%207.txt"


@pytest.mark.parametrize(
    "kind",
    [
        "text/javascript", "application/javascript", "text/css", "text/html", "application/xhtml+xml", "image/svg+xml",
        "text/xml", "application/wasm", "application/manifest+json", "application/json", "text/x-anything", "nonsense",
        "application/vnd.oasis.opendocument.a+xml",
    ],
)  # fmt: skip
def test_scripts_and_styles_are_sent_as_bytes(visit: Visit, embedded: EmbeddedWorld, number: int, kind: str) -> None:
    one = attached(embedded, number, b"alert(1)", "script.js", kind)
    answer = visit("anna").get(f"/tasks/{number}/files/{one}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment; ")


@pytest.mark.parametrize(
    "kind",
    [
        "image/png", "text/csv", "application/pdf", "message/rfc822",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ],
)  # fmt: skip
def test_a_harmless_file_keeps_its_type(visit: Visit, embedded: EmbeddedWorld, number: int, kind: str) -> None:
    one = attached(embedded, number, b"x", "file", kind)
    assert visit("anna").get(f"/tasks/{number}/files/{one}").headers["content-type"] == kind
