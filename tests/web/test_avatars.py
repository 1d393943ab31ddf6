"""A picture is what its pixels say, is shown where its person is, and leaves nothing behind when it is replaced."""

import os
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlmodel import Session

from helpdesk.errors import StoreUnavailable
from helpdesk.people.avatars import LEFT_SECONDS
from helpdesk.services import Services
from helpdesk.store import profiles
from helpdesk.store.models.tables import Person
from helpdesk.web.people.avatars import MOST_BYTES
from tests.tasks.test_pictures import bomb, picture
from tests.web.conftest import HTML, Client, Visit
from tests.web.dom import parsed
from tests.world import PEOPLE_IDS, EmbeddedWorld

ACCOUNT = "/users/account"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture
def folder(services: Services) -> Path:
    return services.settings.pictures_folder


def send(client: Client, content: bytes, name: str = "я.png") -> int:
    return client.post(ACCOUNT, files={"picture": (name, content)}).status_code


def address(client: Client) -> str:
    return str(client.get("/users/profile").json()["picture"])


def shown(client: Client) -> Image.Image:
    answer = client.get(address(client))
    assert answer.headers["content-type"] == "image/webp"
    return Image.open(BytesIO(answer.content))


def files(folder: Path) -> int:
    return len(list(folder.glob("*"))) if folder.exists() else 0


def moving(kind: str) -> bytes:
    made = BytesIO()
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    frames[0].save(made, kind, save_all=True, append_images=frames[1:])
    return made.getvalue()


def turned() -> bytes:
    """A photo whose camera lay on its side: red is at its left, and at the top when it is turned."""
    photo, exif, made = Image.new("RGB", (90, 90), "blue"), Image.Exif(), BytesIO()
    photo.paste("red", (0, 0, 45, 90))
    exif[0x0112], exif[0x010E] = 6, "дом на Садовой"
    photo.save(made, "JPEG", exif=exif, quality=95)
    return made.getvalue()


def is_red(image: Image.Image, place: tuple[int, int]) -> bool:
    red, _, blue = image.convert("RGB").getpixel(place)  # type: ignore[misc]  # three bands
    return bool(red > 200 and blue < 60)


@pytest.mark.parametrize(
    "content",
    [
        picture((300, 200), "JPEG"),
        picture((3, 900), "PNG"),
        picture((300, 200), "WEBP"),
        picture((300, 200), "JPEG", "CMYK"),
        picture((20, 20), "PNG", "P"),
        moving("WEBP"),
    ],
    ids=["photo", "strip", "WebP", "CMYK", "palette", "moving"],
)
def test_a_picture_becomes_a_square_of_two_sizes(visit: Visit, content: bytes) -> None:
    anna = visit("anna")
    assert send(anna, content) == 200
    assert shown(anna).size == (256, 256) and shown(anna).format == "WEBP"
    small = visit("boris").get(address(anna).replace("-256", "-64"))
    assert Image.open(BytesIO(small.content)).size == (64, 64)


def test_a_picture_that_moves_stands_still_at_its_first_frame(visit: Visit) -> None:
    anna = visit("anna")
    send(anna, moving("WEBP"))
    still = shown(anna)
    assert getattr(still, "n_frames", 1) == 1 and is_red(still, (128, 128))


def test_a_photo_is_turned_and_tells_nothing_but_its_points(visit: Visit) -> None:
    anna = visit("anna")
    send(anna, turned())
    photo = shown(anna)
    assert is_red(photo, (128, 20)) and not is_red(photo, (20, 236)) and not photo.getexif()


def test_what_hides_behind_a_picture_is_dropped(visit: Visit, folder: Path) -> None:
    anna, hidden = visit("anna"), b"<script>alert(1)</script>PK\x03\x04"
    assert send(anna, picture() + hidden, "page.html") == 200
    assert all(hidden not in file.read_bytes() for file in folder.iterdir())
    answer = anna.get(address(anna))
    assert answer.headers["x-content-type-options"] == "nosniff" and "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize(
    "content",
    [SVG, b"x", bomb(30_000, 30_000), picture(kind="GIF"), picture()[:60], b"\x89PNG\r\n\x1a\n" * 9],
    ids=["SVG", "text", "bomb", "GIF", "half", "only a begin"],
)
def test_what_is_no_picture_is_refused(visit: Visit, folder: Path, content: bytes) -> None:
    anna = visit("anna")
    answer = anna.post(ACCOUNT, files={"picture": ("a.png", content)})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["picture"])
    page = anna.post(ACCOUNT, data={"phone": "77"}, files={"picture": ("a.png", content)}, headers=HTML)
    assert page.status_code == 422 and "no picture" in page.text and 'value="77"' in page.text
    assert address(anna) == "None" and files(folder) == 0


def test_five_megabytes_are_the_most(visit: Visit) -> None:
    anna, small = visit("anna"), picture()
    assert send(anna, small + bytes(MOST_BYTES - len(small))) == 200
    assert send(anna, small + bytes(MOST_BYTES + 1 - len(small))) == 413
    page = anna.post(ACCOUNT, files={"picture": ("a.png", bytes(MOST_BYTES + 1))}, headers=HTML)
    assert page.status_code == 413 and "at most 5 MB" in page.text


def test_another_picture_takes_the_place_of_the_first(visit: Visit, folder: Path) -> None:
    anna = visit("anna")
    send(anna, picture())
    first = address(anna)
    send(anna, picture((9, 9)))
    assert address(anna) != first
    age(folder)
    assert anna.post(ACCOUNT, json={"remove_picture": True}).status_code == 200
    assert address(anna) == "None" and files(folder) == 2 and anna.get(first).status_code == 404


def test_a_replaced_picture_stays_an_hour_since_other_processes_still_name_it(visit: Visit, folder: Path) -> None:
    anna = visit("anna")
    send(anna, picture())
    first = address(anna)
    age(folder)  # it was made long ago, and is replaced now
    send(anna, picture((9, 9)))
    send(visit("boris"), picture())
    assert anna.get(first).status_code == 200 and files(folder) == 6
    age(folder)
    send(visit("boris"), picture())
    assert anna.get(first).status_code == 404 and shown(anna).size == (256, 256)


def age(folder: Path) -> None:
    """Let an hour pass for all files."""
    for file in folder.iterdir():
        old = file.stat().st_mtime - LEFT_SECONDS - 1
        os.utime(file, (old, old))


def test_of_two_uploads_at_once_one_picture_is_left(visit: Visit, folder: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda it: send(it, picture()), [visit("anna"), visit("anna")])) == [200, 200]
    age(folder)
    send(visit("boris"), picture())
    assert files(folder) == 4 and shown(visit("anna")).size == (256, 256)


def test_a_refused_form_and_a_store_that_is_down_leave_no_file(
    visit: Visit, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = visit("anna")
    taken = {"email": "boris@example.test"}
    assert anna.post(ACCOUNT, data=taken, files={"picture": ("a.png", picture())}).status_code == 422

    def down(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(profiles, "choose_avatar", down)
    assert send(anna, picture()) == 503
    assert files(folder) == 0


def test_what_a_killed_upload_left_is_deleted_by_a_later_one(visit: Visit, folder: Path) -> None:
    anna = visit("anna")
    send(anna, picture())
    left = [folder / f"{'x' * 12}-{side}.webp" for side in (64, 256)]
    young, foreign = folder / f"{'y' * 12}-64.webp", folder / "foreign.webp"
    for file in (*left, young, foreign):
        file.write_bytes(b"half")
        if file is not young:
            old = file.stat().st_mtime - LEFT_SECONDS - 1
            os.utime(file, (old, old))
    send(visit("boris"), picture())
    assert not any(file.exists() for file in left) and young.exists() and foreign.exists()
    assert shown(anna).size == (256, 256)


def test_only_people_who_are_signed_in_see_pictures(visit: Visit) -> None:
    anna = visit("anna")
    send(anna, picture())
    assert visit().get(address(anna)).status_code == 401
    for name in ("x-64.webp", "x" * 12 + "-65.webp", "..%2F..%2Fhelpdesk.db", f"{'x' * 12}-64.webp"):
        assert anna.get(f"/users/avatar/{name}").status_code == 404


def test_a_picture_is_where_its_person_is_and_initials_elsewhere(visit: Visit, embedded: EmbeddedWorld) -> None:
    task, anna = embedded.new_task(author="boris", assignee="anna"), visit("anna")
    anna.post(f"/tasks/api/task/{task}/comments", json={"comment": "Иду"})
    pages = (f"/tasks/{task}", "/tasks/my-tasks", "/tasks/board?assigned_to_id=any", "/users", "/users/profile/anna")
    before = {page: anna.get(page, headers=HTML).text for page in pages}
    assert not any("/users/avatar/" in page for page in before.values())
    send(anna, picture())
    name = address(anna).rpartition("-")[0]
    for page in pages:
        text = anna.get(page, headers=HTML).text
        assert any(name in (it.get("src") or "") for it in parsed(text).all(lambda it: it.tag == "img")), page
    assert 'data-initials="БК"' in anna.get("/users", headers=HTML).text


def test_a_page_asks_once_in_a_while_who_has_a_picture(
    visit: Visit, embedded: EmbeddedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        embedded.new_task()
    anna, asked, known = visit("anna"), list[bool](), profiles.avatars

    def ask(db: Session, by_redmine: bool) -> dict[int, str]:
        asked.append(by_redmine)
        return known(db, by_redmine)

    monkeypatch.setattr(profiles, "avatars", ask)
    for _ in range(3):
        anna.get("/tasks/my-tasks", headers=HTML)
    assert asked == [False]


def test_people_of_redmine_are_known_by_their_number_there(services: Services) -> None:
    def work(db: Session) -> dict[int, str]:
        person = db.get_one(Person, PEOPLE_IDS["anna"])
        person.redmine_id, person.avatar = 77, "x" * 12
        db.get_one(Person, PEOPLE_IDS["boris"]).avatar = "y" * 12
        db.flush()
        return profiles.avatars(db, by_redmine=True)

    assert services.database.run_here(work, writes=True) == {77: "x" * 12}
