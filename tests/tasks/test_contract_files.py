"""What every tracker does with files: they come back as they were given, to whoever may see their task."""

import os
from collections.abc import AsyncIterator
from hashlib import sha256

import pytest

from helpdesk import redmine_client
from helpdesk.errors import Invalid, NotAllowed, NotFound
from helpdesk.tasks.files import Staged, Upload
from helpdesk.tasks.model import Actor, Attachment, Edit
from tests.tasks.worlds import READ_ALIKE, World

pytestmark = pytest.mark.usefixtures("nothing_is_set_up")

PIECE = 64 * 1024


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), PIECE):
        yield content[start : start + PIECE]


async def stage(world: World, login: str, content: bytes, name: str = "план.txt", kind: str = "text/plain") -> Staged:
    return await world.backend.stage(world.actor(login), Upload(name, kind, len(content), pieces(content)))


async def attach(world: World, login: str, number: int, *files: Staged, comment: str = "") -> tuple[Attachment, ...]:
    written = await world.backend.change(world.actor(login), number, Edit(comment=comment, files=files))
    known = {file.id for file in written.before.attachments}
    return tuple(file for file in written.after.attachments if file.id not in known)


async def read(world: World, login: str, number: int, file_id: int, first: int = 0) -> bytes:
    opened = await world.backend.open_file(world.actor(login), number, file_id)
    return b"".join([piece async for piece in await opened.read(first)])


@READ_ALIKE
async def test_a_file_comes_back_byte_for_byte(world: World, number: int) -> None:
    attached: list[Attachment] = []
    for size in (0, 1, 3 * 1024 * 1024):
        content = os.urandom(size)
        staged = await stage(world, "irina", content, "журнал.log")
        assert (staged.filename, staged.size) == ("журнал.log", size)
        (file,) = await attach(world, "irina", number, staged)
        assert (file.filename, file.size) == ("журнал.log", size) and file.created_on and file.created_on.tzinfo
        assert file.author and file.author.name == world.name("irina")
        attached.append(file)
        opened = await world.backend.open_file(world.actor("anna"), number, file.id)
        assert (opened.file.id, opened.file.filename, opened.file.size) == (file.id, "журнал.log", size)
        found = b"".join([piece async for piece in await opened.read(0)])
        assert sha256(found).digest() == sha256(content).digest()
    assert (await world.backend.task(world.actor("anna"), number)).attachments == tuple(attached)


async def test_a_file_is_in_the_history_with_its_comment(world: World, number: int) -> None:
    before = await world.backend.task(world.actor("irina"), number)
    staged = await stage(world, "irina", b"1")
    edit = Edit(comment="Вот план.", version=before.version, files=(staged,))
    written = await world.backend.change(world.actor("irina"), number, edit)
    (entry,) = written.new_entries
    assert entry.author and entry.author.name == world.name("irina") and entry.notes == "Вот план."
    assert [(change.field, change.old, change.new) for change in entry.changes] == [("attachment", None, "план.txt")]
    assert written.after.version != before.version


async def test_several_files_come_at_once_and_one_name_may_come_twice(world: World, number: int) -> None:
    staged = [await stage(world, "anna", content, "снимок.png", "image/png") for content in (b"1", b"22")]
    files = await attach(world, "anna", number, *staged)
    assert sorted((file.filename, file.size) for file in files) == [("снимок.png", 1), ("снимок.png", 2)]
    assert {await read(world, "anna", number, file.id) for file in files} == {b"1", b"22"}


NAMES = {
    "Отчёт «за май» № 7.docx": "Отчёт «за май» № 7.docx",
    "../../etc/passwd": "passwd",
    "C:\\Users\\irina\\план.txt": "план.txt",
    "й" * 300 + ".txt": "й" * 251 + ".txt",
    "👩‍💻 за работой.png": "👩‍💻 за работой.png",
    "می‌خواهم.txt": "می‌خواهم.txt",
    ".env": ".env",
    "архив/.gitignore": ".gitignore",
    "и\u0306.txt": "й.txt",
    "a\r\nSet-Cookie: b=1.txt": None,
    'он сказал "да"; filename=x.exe': None,
    "..": None,
    "": None,
}


@READ_ALIKE
async def test_names_are_kept_but_for_folders_and_what_harms(world: World, number: int) -> None:
    """Redmine has underscores for quotes and the like, so of such names only what matters is asked."""
    staged = [await stage(world, "anna", b"1" * size, given) for size, given in enumerate(NAMES)]
    files = {file.size: file.filename for file in await attach(world, "anna", number, *staged)}
    for size, (given, kept) in enumerate(NAMES.items()):
        shown = files[size].replace("\u200d", "").replace("\u200c", "")
        assert shown.isprintable() and shown.strip(". ") and not set("/\\") & set(shown), given
        assert kept in (None, files[size]), given


@READ_ALIKE
async def test_a_strange_media_type_does_no_harm(world: World, number: int) -> None:
    (file,) = await attach(world, "anna", number, await stage(world, "anna", b"1", kind="a\r\nX-Evil: 1; " + "b" * 500))
    assert "\n" not in file.content_type and await read(world, "anna", number, file.id) == b"1"


@READ_ALIKE
async def test_a_file_is_read_from_any_byte_on(world: World) -> None:
    number, content = world.new_task(), os.urandom(700_000)
    (file,) = await attach(world, "anna", number, await stage(world, "anna", content))
    for first in (0, 1, 300_001, len(content) - 1):
        assert await read(world, "anna", number, file.id, first) == content[first:]


@pytest.fixture
def few_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redmine_client, "CONNECTIONS", 3)


@pytest.mark.usefixtures("few_connections")
@READ_ALIKE
async def test_a_reader_that_stops_early_may_read_again(world: World) -> None:
    """In the middle, and before the first byte: more often than there are connections to Redmine."""
    number, content = world.new_task(), os.urandom(700_000)
    (file,) = await attach(world, "anna", number, await stage(world, "anna", content))
    for early in (True, False):
        for _ in range(5):
            opened = await world.backend.open_file(world.actor("anna"), number, file.id)
            chunks = await opened.read(0)
            if early:
                assert content.startswith(await anext(chunks))
            await chunks.aclose()
        assert await read(world, "anna", number, file.id) == content


async def test_a_file_is_seen_with_its_task_and_by_nobody_else(world: World) -> None:
    number, others = world.new_task(), world.new_task(author="anna")
    (file,) = await attach(world, "anna", number, await stage(world, "anna", b"1"))
    assert await read(world, "irina", number, file.id) == b"1"
    for login, task in (("stranger", number), ("irina", others), ("anna", others), ("anna", 999_999)):
        with pytest.raises(NotFound):
            await world.backend.open_file(world.actor(login), task, file.id)
    with pytest.raises(NotFound):
        await world.backend.open_file(world.actor("anna"), number, 999_999)


async def test_a_token_works_once(world: World) -> None:
    number, other = world.new_task(), world.new_task()
    staged = await stage(world, "anna", b"1")
    await attach(world, "anna", number, staged)
    for task in (number, other):
        with pytest.raises(Invalid) as refusal:
            await attach(world, "anna", task, staged, comment="не должно остаться")
        assert list(refusal.value.fields) == ["files"]
    assert len((await world.backend.task(world.actor("anna"), number)).attachments) == 1
    assert (await world.backend.task(world.actor("anna"), other)).entries == ()


@READ_ALIKE
async def test_an_unknown_token_is_refused_and_nothing_is_written(world: World, number: int) -> None:
    before = await world.backend.task(world.actor("anna"), number)
    for token in ("", "1.0123456789abcdef", "нет такого", "\ud800"):
        with pytest.raises(Invalid):
            await attach(world, "anna", number, Staged(token, "x.txt", 1, "text/plain"), comment="не должно остаться")
    assert await world.backend.task(world.actor("anna"), number) == before


async def test_a_stranger_can_attach_nothing(world: World, number: int) -> None:
    with pytest.raises(NotAllowed):
        await stage(world, "stranger", b"1")
    staged = await stage(world, "anna", b"1")
    with pytest.raises(NotFound):
        await attach(world, "stranger", number, staged)
    assert (await world.backend.task(world.actor("anna"), number)).attachments == ()


async def test_the_task_says_who_may_attach(world: World, number: int) -> None:
    for login in ("anna", "irina"):
        assert (await world.backend.task(world.actor(login), number)).choices.may_attach


@pytest.mark.parametrize("comment", ["между нами", "", " \n"], ids=["with text", "without text", "blank"])
async def test_a_private_comment_brings_no_files(world: World, anna: Actor, number: int, comment: str) -> None:
    staged = await stage(world, "anna", b"1")
    with pytest.raises(Invalid) as refused:
        await world.backend.change(anna, number, Edit(comment=comment, files=(staged,), private=True))
    assert list(refused.value.fields) == ["files"]
    task = await world.backend.task(anna, number)
    assert (task.entries, task.attachments) == ((), ())
