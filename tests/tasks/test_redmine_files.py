"""Files in Redmine's own way: on a real Redmine, and on an imitation that misbehaves in the middle of them."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest

from helpdesk.errors import HelpdeskError, Invalid, Malformed, NotAllowed, NotFound, TooLarge, Unavailable
from helpdesk.tasks.files import Staged, Upload
from helpdesk.tasks.model import Edit
from helpdesk.tasks.redmine.backend import RedmineBackend
from helpdesk.tasks.redmine.rest import files
from tests.servers import imitated_redmine as imitation
from tests.servers.imitated_redmine import CONTENT, DOWNLOAD, ISSUE, UPLOADS, Answer, ImitatedRedmine, Request, says
from tests.tasks.test_redmine_failures import ACTOR, backend_at, pieces
from tests.tasks.worlds import RedmineWorld

NETWORK = "Проложить сеть на третьем этаже"


def upload(*chunks: bytes, size: int | None = None, name: str = "план & смета.txt") -> Upload:
    return Upload(name, "text/plain", sum(map(len, chunks)) if size is None else size, pieces(*chunks))


async def read(backend: RedmineBackend, first: int = 0) -> bytes:
    opened = await backend.open_file(ACTOR, 7, 1)
    return b"".join([chunk async for chunk in await opened.read(first)])


async def test_a_real_redmine_says_itself_what_is_too_large(redmine_world: RedmineWorld) -> None:
    many = (bytes(2**20) for _ in range(6))
    with pytest.raises(TooLarge) as refusal:
        await redmine_world.backend.stage(redmine_world.actor("anna"), upload(*many))
    assert "5242880" in refusal.value.message.text


async def test_a_file_whose_bytes_the_real_redmine_lost_is_not_found(redmine_world: RedmineWorld) -> None:
    number, anna = redmine_world.redmine.issues[NETWORK], redmine_world.actor("anna")
    (file,) = (await redmine_world.backend.task(anna, number)).attachments
    opened = await redmine_world.backend.open_file(anna, number, file.id)
    with pytest.raises(NotFound):
        await opened.read(0)


async def test_a_real_file_comes_with_changes_and_is_refused_with_them(redmine_world: RedmineWorld) -> None:
    number, anna = redmine_world.new_task(), redmine_world.actor("anna")
    staged = await redmine_world.backend.stage(anna, upload(b"1"))
    with pytest.raises(Invalid):
        await redmine_world.backend.change(anna, number, Edit(details={"parent": 999_999}, files=(staged,)))
    edit = Edit({"status": redmine_world.status("in_progress")}, details={"done_ratio": 10}, files=(staged,))
    written = await redmine_world.backend.change(anna, number, edit)
    assert {change.field for change in written.new_entries[0].changes} == {"status", "done_ratio", "attachment"}
    assert [file.filename for file in written.after.attachments] == ["план & смета.txt"]


async def test_an_upload_arrives_as_redmine_asks_for_it(server: ImitatedRedmine) -> None:
    async with backend_at(server.url) as backend:
        staged = await backend.stage(ACTOR, upload(b"abc", b"", b"def"))
    assert staged == Staged(imitation.TOKEN, "план & смета.txt", 6, "text/plain")
    sent = server.requests[-1]
    assert (sent.body, sent.headers["content-type"], sent.headers["content-length"]) == (
        b"abcdef",
        "application/octet-stream",
        "6",
    )
    assert "transfer-encoding" not in sent.headers and sent.headers["x-redmine-switch-user"] == "anna"
    asked = parse_qs(urlsplit(sent.target).query)
    assert asked == {"filename": ["план & смета.txt"], "content_type": ["text/plain"]}


@pytest.mark.parametrize("size", [5, 7])
async def test_a_file_that_is_not_as_long_as_it_said_is_never_taken(server: ImitatedRedmine, size: int) -> None:
    async with backend_at(server.url) as backend:
        with pytest.raises(Malformed):
            await backend.stage(ACTOR, upload(b"abc", b"def", size=size))
    assert server.count("POST", UPLOADS) == 0


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (says(413, "<html>Request Entity Too Large</html>", "text/html"), TooLarge),
        (says(422, '{"errors": ["This file exceeds the maximum allowed file size (1024)"]}'), TooLarge),
        (says(422, '{"errors": ["Attachment extension .20000000 is not allowed"]}'), Invalid),
        (says(422, '{"errors": ["Расширение .mp4 запрещено"]}'), Invalid),
        (says(403), NotAllowed),
        (says(422, '{"errors": []}'), Unavailable),
        (says(406), Unavailable),
        (says(201, "{}"), Unavailable),
        (says(201, '{"upload": {"id": 2}}'), Unavailable),
        (says(500), Unavailable),
        (imitation.hang_up, Unavailable),
        (imitation.half_a_body, Unavailable),
    ],
)
async def test_a_refused_upload_is_reported_as_refused_and_sent_once(
    server: ImitatedRedmine, answer: Answer, error: type[HelpdeskError]
) -> None:
    server.answers[UPLOADS] = answer
    async with backend_at(server.url) as backend:
        with pytest.raises(error) as failure:
            await backend.stage(ACTOR, upload(bytes(4_097)))
    assert server.count("POST", UPLOADS) == 1
    assert not isinstance(failure.value, Invalid) or list(failure.value.fields) == ["files"]


@pytest.mark.parametrize("line", [imitation.silence, imitation.drip])
async def test_an_upload_that_is_never_answered_is_given_up(server: ImitatedRedmine, line: Answer) -> None:
    server.answers[UPLOADS] = line
    async with backend_at(server.url, deadline=0.3) as backend:
        with pytest.raises(Unavailable):
            await backend.stage(ACTOR, upload(b"abc"))


async def test_a_slow_sender_is_waited_for_longer_than_redmine_is(server: ImitatedRedmine) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(3):
            await asyncio.sleep(0.3)  # the sender's slowness is what this test is about
            yield b"a"

    async with backend_at(server.url, deadline=0.4) as backend:
        await backend.calls.users.me(ACTOR)
        assert (await backend.stage(ACTOR, Upload("a.txt", "text/plain", 3, slowly()))).size == 3


async def test_an_upload_that_stops_leaves_nothing_behind(server: ImitatedRedmine) -> None:
    async def gone() -> AsyncIterator[bytes]:
        yield b"a"
        raise ConnectionResetError

    async with backend_at(server.url) as backend:
        with pytest.raises(ConnectionResetError):
            await backend.stage(ACTOR, Upload("a.txt", "text/plain", 3, gone()))
    assert server.count("POST", UPLOADS) == 0


def part(first: int) -> Answer:
    """A server before Redmine that honours Range."""
    told = {"Content_Range": f"bytes {first}-{len(CONTENT) - 1}/{len(CONTENT)}"}
    return says(206, CONTENT[first:], "text/plain", **told)


@pytest.mark.parametrize("answer", [None, part(3)])
@pytest.mark.parametrize("first", [3])
async def test_a_part_is_read_whether_the_server_honours_range_or_not(
    server: ImitatedRedmine, answer: Answer | None, first: int
) -> None:
    if answer:
        server.answers[DOWNLOAD] = answer
    async with backend_at(server.url) as backend:
        assert await read(backend, first) == CONTENT[first:]
    assert server.requests[-1].headers["range"] == "bytes=3-"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (part(4), Unavailable),
        (says(206, CONTENT, "text/plain"), Unavailable),
        (says(200, CONTENT[:-1], "text/plain"), Unavailable),
        (says(200, "<title>Sign in</title>", "text/html"), Unavailable),
        (says(200, gzip.compress(CONTENT), Content_Encoding="gzip"), Unavailable),
        (says(302, Location="/login"), Unavailable),
        (says(500), Unavailable),
        (says(401), Unavailable),
        (says(403), NotFound),
        (says(404), NotFound),
    ],
)
async def test_an_answer_that_is_not_the_file_is_never_returned_for_it(
    server: ImitatedRedmine, answer: Answer, error: type[HelpdeskError]
) -> None:
    server.answers[DOWNLOAD] = answer
    async with backend_at(server.url) as backend:
        opened = await backend.open_file(ACTOR, 7, 1)
        with pytest.raises(error):
            await opened.read(3)


def stopping(then: Answer | None = None, length: bool = True) -> Answer:
    """Half the file, and then another thing, or the end of the line."""

    async def answer(writer: asyncio.StreamWriter, request: Request) -> None:
        told = f"Content-Length: {len(CONTENT)}\r\n" if length else ""
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n{told}Connection: close\r\n\r\n".encode())
        writer.write(CONTENT[: len(CONTENT) // 2])
        await writer.drain()
        if then:
            await then(writer, request)

    return answer


async def trickle(writer: asyncio.StreamWriter, request: Request) -> None:
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("length", [True, False])
@pytest.mark.parametrize("then", [None, imitation.silence, trickle])
async def test_a_download_that_stops_in_the_middle_breaks_and_does_not_end(
    server: ImitatedRedmine, then: Answer | None, length: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BYTES_A_SECOND", 2**30)
    server.answers[DOWNLOAD] = stopping(then, length)
    got = b""
    async with backend_at(server.url, deadline=0.5) as backend:
        opened = await backend.open_file(ACTOR, 7, 1)
        with pytest.raises(Unavailable):
            async for chunk in await opened.read(0):
                got += chunk
    assert got[: len(CONTENT) // 2] == CONTENT[: len(CONTENT) // 2] and len(got) < len(CONTENT)


async def test_a_reader_takes_as_long_as_it_likes(server: ImitatedRedmine) -> None:
    async with backend_at(server.url, deadline=0.4) as backend:
        await backend.task(ACTOR, 7)
        opened, got = await backend.open_file(ACTOR, 7, 1), b""
        async for chunk in await opened.read(0):
            await asyncio.sleep(0.5)  # the reader's slowness is what this test is about
            got += chunk
    assert got == CONTENT


async def test_a_download_that_stops_lets_go_of_the_connection(server: ImitatedRedmine) -> None:
    """More downloads than there are connections: begun and left, or not even begun."""
    server.answers[DOWNLOAD] = stopping(imitation.silence)
    async with backend_at(server.url) as backend:
        for begun in [True, False] * 15:
            chunks = await (await backend.open_file(ACTOR, 7, 1)).read(0)
            if begun:
                assert CONTENT.startswith(await anext(chunks))
            await chunks.aclose()


async def test_slow_downloads_keep_no_page_waiting(server: ImitatedRedmine) -> None:
    server.answers[DOWNLOAD] = stopping(imitation.silence)
    async with backend_at(server.url) as backend:
        opened = [await (await backend.open_file(ACTOR, 7, 1)).read(0) for _ in range(20)]
        for each in opened:
            await anext(each)
        assert (await backend.task(ACTOR, 7)).id == 7
        for each in opened:
            await each.aclose()


@pytest.mark.parametrize(
    "token", ["", "x", "2", "2.", ".0a", "2.0G", "-2.0a", "²2.0a", "2.0a\n", "\ud800", "2.0a 3.0a"]
)
async def test_an_impossible_token_is_refused_before_redmine_ignores_it(server: ImitatedRedmine, token: str) -> None:
    async with backend_at(server.url) as backend:
        with pytest.raises(Invalid) as refusal:
            await backend.change(ACTOR, 7, Edit(comment="с файлом", files=(Staged(token, "x", 1, "text/plain"),)))
    assert list(refusal.value.fields) == ["files"] and server.count("PUT", ISSUE) == 0


async def test_a_file_that_an_imitated_redmine_dropped_silently_is_reported(server: ImitatedRedmine) -> None:
    async with backend_at(server.url) as backend:
        staged = await backend.stage(ACTOR, upload(b"1"))
        with pytest.raises(NotAllowed) as refusal:
            await backend.change(ACTOR, 7, Edit(comment="с файлом", files=(staged,)))
    assert "план & смета.txt" in refusal.value.detail and "kept your comment" in refusal.value.message.text
