"""A view of a picture is made once, whoever asks for it and however often."""

import asyncio
from collections.abc import AsyncIterator
from unittest.mock import Mock

import pytest

from helpdesk.errors import Overloaded, Unavailable
from helpdesk.tasks import pictures as module
from helpdesk.tasks.picture_worker import FORMATS
from helpdesk.tasks.pictures import NoPicture, Pictures, View
from tests.tasks.test_picture_process import many_scans
from tests.tasks.test_pictures import picture

SMALL = View("7-100", 192)


class Pieces:
    """A file as it comes, when it is let go."""

    def __init__(self, content: bytes | Exception, held: bool = False, size: int = 2**20) -> None:
        self.content, self.goes, self.asked, self.opened, self.closed = content, asyncio.Event(), 0, False, False
        self.size = size
        if not held:
            self.goes.set()

    async def open(self) -> "Pieces":
        self.opened = True
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self.asked += 1
        await self.goes.wait()
        if isinstance(self.content, Exception):
            raise self.content
        content, self.content = self.content[: self.size], self.content[self.size :]
        if not content:
            raise StopAsyncIteration
        return content

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture
async def pictures() -> AsyncIterator[Pictures]:
    pictures = Pictures()
    yield pictures
    await pictures.close()


async def test_those_who_want_the_same_view_wait_for_the_same_work_and_it_is_kept(pictures: Pictures) -> None:
    asked = [Pieces(picture()) for _ in range(5)]
    made = await asyncio.gather(*[pictures.smaller(SMALL, each.open) for each in asked])
    again = Pieces(picture())
    assert {*made, await pictures.smaller(SMALL, again.open)} == {made[0]} and made[0][8:12] == b"WEBP"
    assert [each.asked for each in (*asked, again)] == [2, 0, 0, 0, 0, 0]
    assert asked[0].closed and not any(each.opened for each in (*asked[1:], again))
    other = Pieces(picture())
    assert await pictures.smaller(SMALL._replace(side=20), other.open) != made[0] and other.asked


async def test_a_file_that_is_no_picture_has_no_view_of_any_size(pictures: Pictures) -> None:
    for side, asked in ((192, 1), (192, 0), (1600, 0)):
        none = Pieces(b"<svg></svg>\n" * 9, size=60)
        with pytest.raises(NoPicture):
            await pictures.smaller(View("7-100", side), none.open)
        assert none.asked == asked and none.opened == none.closed == bool(asked)


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("kind", FORMATS)
async def test_a_picture_in_short_pieces_is_shown(pictures: Pictures, kind: str, size: int) -> None:
    assert await pictures.smaller(SMALL, Pieces(picture((30, 20), kind), size=size).open)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF1234WAVE" * 9])
async def test_what_begins_like_a_picture_is_none(pictures: Pictures, content: bytes) -> None:
    with pytest.raises(NoPicture):
        await pictures.smaller(SMALL, Pieces(content, size=4).open)


async def test_a_file_is_looked_into_once_when_two_views_are_asked_for_at_once(
    pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = Mock(wraps=pictures.process.smaller)
    monkeypatch.setattr(pictures.process, "smaller", looked)
    broken = [Pieces(picture()[:60]) for _ in range(2)]
    views = [pictures.smaller(View("7-100", side), each.open) for side, each in zip((192, 1600), broken, strict=True)]
    assert [type(it) for it in await asyncio.gather(*views, return_exceptions=True)] == [NoPicture] * 2
    assert looked.call_count == 1 and all(each.closed for each in broken)


async def test_closing_begins_nothing_that_waited() -> None:
    pictures = Pictures()
    asked = [Pieces(many_scans()), *(Pieces(picture()) for _ in range(5))]
    waiting = [asyncio.create_task(pictures.smaller(View(str(n), 192), each.open)) for n, each in enumerate(asked)]
    while not (begun := pictures.process.process):
        await asyncio.sleep(0.001)
    await pictures.close()
    assert begun.returncode is not None and pictures.process.process is None
    await asyncio.wait(waiting)
    assert asked[0].opened and all(each.closed == each.opened for each in asked)


async def test_a_file_that_did_not_come_is_asked_for_again(pictures: Pictures) -> None:
    broken, whole = Pieces(Unavailable(detail="the line broke")), Pieces(picture())
    with pytest.raises(Unavailable):
        await pictures.smaller(SMALL, broken.open)
    assert await pictures.smaller(SMALL, whole.open) and broken.closed and whole.closed


async def test_the_work_is_not_lost_when_nobody_waits_for_it_any_more(pictures: Pictures) -> None:
    slow, again = Pieces(picture(), held=True), Pieces(picture())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await pictures.smaller(SMALL, slow.open)
    slow.goes.set()
    assert await pictures.smaller(SMALL, again.open)
    assert slow.closed and not again.opened


async def test_not_too_many_wait(pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    slow = [Pieces(picture(), held=True) for _ in range(2)]
    waiting = [asyncio.create_task(pictures.smaller(View(str(n), 192), each.open)) for n, each in enumerate(slow)]
    await asyncio.sleep(0)
    refused = Pieces(picture())
    with pytest.raises(Overloaded):
        await pictures.smaller(SMALL, refused.open)
    assert not refused.opened
    for each in slow:
        each.goes.set()
    await asyncio.gather(*waiting)
    assert await pictures.smaller(SMALL, Pieces(picture()).open)
