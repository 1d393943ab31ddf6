"""Backups of a SQLite store and its files: whole, also while everybody works; put back into an empty place alone."""

import asyncio
import json
import shutil
import sqlite3
import stat
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from random import Random
from zipfile import ZIP_BZIP2, ZIP_LZMA, ZIP_STORED, ZipFile

import pytest
from sqlmodel import Session, select

from helpdesk.store import backups
from helpdesk.store.backups import ABOUT, STORE, Impossible, Place, make, put_back
from helpdesk.store.blobs import Blobs
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.posts import Post, PostFile
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.embedded.backend import EmbeddedBackend
from helpdesk.tasks.files import Staged, Upload
from tests.servers.process import wait_until
from tests.world import PEOPLE_IDS, EmbeddedWorld


@pytest.fixture
def place(embedded: EmbeddedWorld, tmp_path: Path) -> Place:
    return Place(tmp_path / "helpdesk.db", tmp_path / "files", tmp_path / "pictures")


@pytest.fixture
def empty(tmp_path: Path) -> Place:
    return Place(tmp_path / "again" / "store.db", tmp_path / "again" / "files", tmp_path / "again" / "pictures")


async def staged(world: EmbeddedWorld, name: str) -> Staged:
    """A file whose bytes are told by its name."""

    async def pieces() -> AsyncIterator[bytes]:
        yield sha256(name.encode()).digest() * 50

    return await world.backend.stage(world.actor("anna"), Upload(name, "text/plain", 1600, pieces()))


async def new_task(world: EmbeddedWorld, *names: str) -> int:
    files = tuple([await staged(world, name) for name in names])
    wish = NewTask(world.project("help"), "Приложено", files=files)
    return (await world.backend.create(world.actor("anna"), wish)).id


def fill(world: EmbeddedWorld, count: int = 3) -> None:
    async def work() -> None:
        for number in range(count):
            await new_task(world, f"{number}-1", f"{number}-2")

    asyncio.run(work())


def require_whole(place: Place) -> int:
    """Each row has what it refers to, and its file's own bytes; the number of files."""
    with closing(sqlite3.connect(place.store)) as store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert store.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = store.execute("SELECT blob, filename FROM tracker_attachment").fetchall()
    for blob, name in rows:
        assert (place.files / blob[:2] / blob[2:]).read_bytes() == sha256(name.encode()).digest() * 50
    return len(rows)


def write_post(world: EmbeddedWorld, *names: str) -> None:
    """A post with a picture that has the first name, a file for each other one, and one that is to be deleted."""

    async def work() -> None:
        files = [await staged(world, name) for name in (*names, "removed")]

        def settle(db: Session) -> None:
            rows = db.exec(
                select(tables.Attachment).where(tables.Attachment.filename.in_([it.filename for it in files]))
            )
            picture, *others, removed = sorted(rows, key=lambda row: row.id or 0)
            author, now = PEOPLE_IDS["anna"], picture.created_at
            texts = {"kind": "post", "title": "Новость", "title_folded": "новость", "content": "", "words": ""}
            who = {"author_id": author, "updated_by": author, "created_at": now, "updated_at": now}
            post = Post(**texts, **who, picture=picture.blob, picture_size=picture.size)
            db.add(post)
            db.flush()
            for row, post_id in [*((it, post.id) for it in others), (removed, None)]:
                known = row.model_dump(include={"blob", "filename", "size", "content_type"})
                db.add(PostFile(**known, post_id=post_id, added_by=author, added_at=now))
            for row in (picture, *others, removed):
                db.delete(row)

        await world.database.run(settle, writes=True)

    asyncio.run(work())


def test_a_backup_has_the_pictures_and_files_of_posts(embedded: EmbeddedWorld, place: Place, empty: Place) -> None:
    write_post(embedded, "picture", "file")
    archive = place.store.with_name("backup.zip")
    assert make(place, archive) == (2, frozenset()) == put_back(archive, empty)
    with closing(sqlite3.connect(empty.store)) as store:
        (name,) = store.execute("SELECT picture FROM post").fetchone()
    assert (empty.files / name[:2] / name[2:]).read_bytes() == sha256(b"picture").digest() * 50


def test_a_restored_backup_equals_the_original(embedded: EmbeddedWorld, place: Place, empty: Place) -> None:
    fill(embedded)
    archive = place.store.with_name("backup.zip")
    assert make(place, archive) == (6, frozenset()) == put_back(archive, empty)
    assert require_whole(empty) == 6
    for file in (archive, empty.store):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = Database(f"sqlite:///{empty.store}")
    tracker = EmbeddedBackend(again, Blobs(empty.files))
    task = asyncio.run(tracker.task(embedded.actor("anna"), 1))
    assert [each.filename for each in task.attachments] == ["0-1", "0-2"]
    again.close()


@contextmanager
def everybody_working(world: EmbeddedWorld) -> Iterator[list[int]]:
    """Files come and go all the while, in another thread; what is done is counted."""
    done, over = [0], threading.Event()

    async def work(name: str) -> None:
        while not over.is_set():
            number = await new_task(world, f"{name}{done[0]}-1", f"{name}{done[0]}-2")
            if done[0] % 3:
                await world.backend.delete(world.actor("admin"), number)
            done[0] += 1

    async def several() -> None:
        await asyncio.gather(*(work(name) for name in "abc"))

    thread = threading.Thread(target=asyncio.run, args=(several(),))
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


def test_backups_made_while_everybody_works_are_whole(embedded: EmbeddedWorld, place: Place, empty: Place) -> None:
    fill(embedded, 10)
    archives = [place.store.with_name(f"{number}.zip") for number in range(3)]
    with everybody_working(embedded) as done:
        for archive in archives:
            enough = done[0] + 3
            make(place, archive)
            wait_until(lambda enough=enough: done[0] >= enough, seconds=60, what="nobody works")
    for number, archive in enumerate(archives):
        again = [empty.store.with_name(f"{number}.db"), empty.files.with_name(f"files{number}")]
        there = Place(*again, empty.pictures)
        assert put_back(archive, there) == (require_whole(there), frozenset())
    assert require_whole(place) >= 20


def test_a_file_that_goes_while_the_others_are_copied_is_in_no_row(
    embedded: EmbeddedWorld, place: Place, empty: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(embedded)
    copies, copy = [], backups._copy_store

    def then_deleted(source: Path, target: Path) -> None:
        copy(source, target)
        copies.append(1)
        if len(copies) == 1:
            asyncio.run(embedded.backend.delete(embedded.actor("admin"), 2))

    monkeypatch.setattr(backups, "_copy_store", then_deleted)
    archive = place.store.with_name("backup.zip")
    assert make(place, archive) == (4, frozenset()) == put_back(archive, empty)
    assert require_whole(empty) == 4 and len(copies) == 2


def test_a_file_that_was_lost_before_is_reported_and_does_not_stop_the_rest(
    embedded: EmbeddedWorld, place: Place, empty: Place
) -> None:
    fill(embedded)
    row = embedded.database.run_here(lambda db: db.exec(select(tables.Attachment)).first())
    assert row
    (place.files / row.blob[:2] / row.blob[2:]).unlink()
    archive = place.store.with_name("backup.zip")
    assert make(place, archive) == (5, frozenset({row.blob})) == put_back(archive, empty)


def test_nothing_is_written_over(embedded: EmbeddedWorld, place: Place, empty: Place) -> None:
    fill(embedded, 1)
    archive = place.store.with_name("backup.zip")
    archive.write_bytes(b"of yesterday")
    with pytest.raises(Impossible, match="left as it is"):
        make(place, archive)
    assert archive.read_bytes() == b"of yesterday"
    archive.unlink()
    make(place, archive)
    with pytest.raises(Impossible, match="empty place"):
        put_back(archive, place)
    empty.files.mkdir(parents=True)
    for there in (empty.store, empty.store.with_name("store.db-wal"), empty.files / "x"):
        there.write_bytes(b"mine")
        with pytest.raises(Impossible, match="empty place"):
            put_back(archive, empty)
        assert there.read_bytes() == b"mine"
        there.unlink()
    put_back(archive, empty)


@pytest.fixture
def archive(embedded: EmbeddedWorld, place: Place) -> Path:
    fill(embedded, 1)
    target = place.store.with_name("backup.zip")
    make(place, target)
    return target


def changed(archive: Path, packed: int = ZIP_STORED, **members: bytes | None) -> Path:
    """The same archive with other members, packed in another way; None leaves one away."""
    target = archive.with_name("changed.zip")
    with ZipFile(archive) as source, ZipFile(target, "w", packed) as made:
        for name in {**dict.fromkeys(source.namelist()), **members}:
            if (content := members[name] if name in members else source.read(name)) is not None:
                made.writestr(name, content)
    return target


def replaced(archive: Path, old: bytes, new: bytes) -> Path:
    archive.write_bytes(archive.read_bytes().replace(old, new))
    return archive


def begun_earlier(archive: Path) -> Path:
    """Its directory says that all members lie before the file's beginning."""
    content = bytearray(archive.read_bytes())
    where = content.rindex(b"PK\5\6") + 16
    offset = int.from_bytes(content[where : where + 4], "little") + 100
    content[where : where + 4] = offset.to_bytes(4, "little")
    archive.write_bytes(content)
    return archive


def with_row(archive: Path, statement: str) -> Path:
    """The same archive after a statement upon its store."""
    store = archive.with_name("taken.db")
    with ZipFile(archive) as opened:
        store.write_bytes(opened.read(STORE))
    with closing(sqlite3.connect(store)) as taken:
        taken.execute(statement)
        taken.commit()
    return changed(archive, **{STORE: store.read_bytes()})


def a_file(archive: Path) -> str:
    with ZipFile(archive) as opened:
        return next(name for name in opened.namelist() if name.startswith("files/"))


SPOILT: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "no archive": ("damaged, or not one", lambda it: shutil.copy(Path(__file__), it.with_name("no.zip"))),
    "cut off": ("damaged, or not one", lambda it: cut(it)),
    "bits turned": ("damaged, or not one", lambda it: turned(it)),
    "packed by bzip2": ("packed in another way", lambda it: changed(it, ZIP_BZIP2)),
    "bits turned in LZMA": ("packed in another way", lambda it: turned(changed(it, ZIP_LZMA))),
    "a name that is no text": (
        "damaged, or not one",
        lambda it: replaced(changed(it, fübel=b"x"), "fübel".encode(), b"f\xff\xffbel"),
    ),
    "a directory before the beginning": ("damaged, or not one", lambda it: begun_earlier(it)),
    "another's": ("lacks about", lambda it: changed(it, **{ABOUT: None})),
    "of a later format": (
        "archive is of a later version",
        lambda it: changed(it, **{ABOUT: json.dumps({"format": 99}).encode()}),
    ),
    "nonsense about it": ("^The archive is not one that", lambda it: changed(it, **{ABOUT: b"[" * 100_000})),
    "no store": ("lacks helpdesk", lambda it: changed(it, **{STORE: None})),
    "a store that is none": ("not a database", lambda it: changed(it, **{STORE: b"x" * 5000})),
    "another's store": ("not a helpdesk's", lambda it: with_row(it, "DROP TABLE helpdesk_meta")),
    "a store without a version": ("no schema's version", lambda it: with_row(it, "DELETE FROM alembic_version")),
    "a store of a later version": (
        "store is of a later version",
        lambda it: with_row(it, "UPDATE alembic_version SET version_num = '9999'"),
    ),
    "a store that does things": ("not a helpdesk's", lambda it: with_row(it, "CREATE VIEW v AS SELECT 1")),
    "a row without what it refers to": (
        "^The store is damaged",
        lambda it: with_row(it, "UPDATE tracker_task SET project_id = 99"),
    ),
    "a name that leads elsewhere": (
        "can't be one of ours",
        lambda it: with_row(it, "UPDATE tracker_attachment SET blob = '../../../evil'"),
    ),
    "a file of another size": ("another size", lambda it: changed(it, **{a_file(it): b"short"})),
    "a file too few": ("lacks files/", lambda it: changed(it, **{a_file(it): None})),
    "more than the disk holds": ("no room", lambda it: with_row(it, "UPDATE tracker_attachment SET size = 1 << 60")),
}
"""What each is refused with, and how it is made."""


def turned(archive: Path) -> Path:
    """In the middle of what is packed of its store."""
    target, content = archive.with_name("turned.zip"), bytearray(archive.read_bytes())
    with ZipFile(archive) as opened:
        where = opened.getinfo(STORE)
    middle = where.header_offset + where.compress_size // 2
    content[middle : middle + 20] = bytes(it ^ 0xFF for it in content[middle : middle + 20])
    target.write_bytes(content)
    return target


def cut(archive: Path) -> Path:
    target = archive.with_name("cut.zip")
    target.write_bytes(archive.read_bytes()[:-100])
    return target


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_damaged_or_foreign_archive_is_refused_and_leaves_nothing(archive: Path, empty: Place, spoilt: str) -> None:
    why, spoil = SPOILT[spoilt]
    with pytest.raises(Impossible, match=why) as refusal:
        put_back(spoil(archive), empty)
    assert str(refusal.value).endswith((".", '"', "'")) and "Errno" not in str(refusal.value)
    assert not empty.store.exists() and not list(empty.store.parent.glob("*.restoring"))
    assert not list(empty.files.glob("*"))


def test_an_archive_that_was_packed_again_is_restored(archive: Path, empty: Place) -> None:
    put_back(changed(archive, ZIP_STORED), empty)
    assert require_whole(empty) == 2


@pytest.mark.parametrize("seed", range(12))
def test_whatever_bytes_of_an_archive_are_others_it_is_refused_in_a_sentence_or_whole(
    archive: Path, empty: Place, seed: int
) -> None:
    chance, content = Random(seed), bytearray(archive.read_bytes())
    begins = chance.choice([0, content.index(b"PK\1\2")])  # most of what may be odd is in the directory
    for _ in range(3):
        content[chance.randrange(begins, len(content))] = chance.choice([0, 255, chance.randrange(256)])
    archive.write_bytes(content)
    try:
        put_back(archive, empty)
    except Impossible:
        assert not empty.store.exists() and not list(empty.files.glob("*"))
    else:
        assert require_whole(empty) == 2


def test_of_two_restores_at_once_one_is_done_and_the_other_refused(
    archive: Path, empty: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, look = threading.Barrier(2), backups._require_empty

    def together(place: Place) -> None:
        look(place)
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)

    def restored() -> int:
        try:
            return put_back(archive, empty).files
        except Impossible as refused:
            assert ".restoring is there already" in str(refused)
            return 0

    monkeypatch.setattr(backups, "_require_empty", together)
    with ThreadPoolExecutor(2) as pool:
        done = [each.result() for each in [pool.submit(restored), pool.submit(restored)]]
    assert sorted(done) == [0, 2] and require_whole(empty) == 2


def test_extra_files_of_an_archive_are_not_unpacked(archive: Path, empty: Place, tmp_path: Path) -> None:
    with ZipFile(archive, "a") as opened:
        for name in ("../evil", "/evil", "files/../../evil", "files/aa/evil", "evil"):
            opened.writestr(name, "x")
    put_back(archive, empty)
    assert require_whole(empty) == 2
    assert not [each for each in tmp_path.rglob("*") if each.name == "evil"]


def test_a_damaged_store_makes_no_backup(embedded: EmbeddedWorld, place: Place) -> None:
    embedded.database.close()
    content = bytearray(place.store.read_bytes())
    content[8192:40960] = b"\xff" * 32768
    place.store.write_bytes(content)
    for end in ("-wal", "-shm"):
        place.store.with_name(place.store.name + end).unlink(missing_ok=True)
    with pytest.raises(Impossible):
        make(place, place.store.with_name("backup.zip"))
    assert not list(place.store.parent.glob("*.zip")) and not list(place.store.parent.glob(".helpdesk*"))


def test_pictures_of_people_come_back_and_nothing_else_of_their_folder(
    place: Place, empty: Place, embedded: EmbeddedWorld, tmp_path: Path
) -> None:
    kept, lost = ("a" * 12, "b" * 12)
    place.pictures.mkdir()
    for file in (f"{kept}-256.webp", f"{kept}-64.webp", "foreign.webp"):
        (place.pictures / file).write_bytes(file.encode())

    def show(db: Session) -> None:
        for login, name in (("anna", kept), ("boris", lost), ("irina", "../../helpdesk")):
            db.get_one(tables.Person, PEOPLE_IDS[login]).avatar = name

    embedded.database.run_here(show, writes=True)
    make(place, tmp_path / "backup.zip")
    put_back(tmp_path / "backup.zip", empty)
    files = {file.name: file.read_bytes() for file in empty.pictures.iterdir()}
    assert files == {name: name.encode() for name in (f"{kept}-256.webp", f"{kept}-64.webp")}
