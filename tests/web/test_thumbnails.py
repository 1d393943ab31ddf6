"""Thumbnails on a task's page: rendered from the pixels, for people who see the task, and of nothing else."""

from io import BytesIO

import pytest
from PIL import Image

from helpdesk.tasks import pictures
from tests.tasks.test_pictures import picture
from tests.web.conftest import HTML, Visit, attached
from tests.world import EmbeddedWorld

HTM = b"<html><script>alert(1)</script></html>"


@pytest.fixture
def number(embedded: EmbeddedWorld) -> int:
    return embedded.new_task()


def test_a_picture_is_shown_small_and_larger(visit: Visit, embedded: EmbeddedWorld, number: int) -> None:
    photo = attached(embedded, number, picture((2000, 1000), "JPEG"), "фото.jpg", "image/jpeg")
    irina, address = visit("irina"), f"/tasks/{number}/files/{photo}"
    page = irina.get(f"/tasks/{number}", headers=HTML).text
    assert f'<a class="thumbnail" href="{address}/view"><img src="{address}/thumbnail"' in page
    assert 'alt="Picture: фото.jpg" width="96" height="72"' in page
    for kind, size in (("thumbnail", (192, 96)), ("view", (1600, 800))):
        answer = irina.get(f"{address}/{kind}")
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/webp"
        assert Image.open(BytesIO(answer.content)).size == size
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'; ")
        assert (answer.headers["cache-control"], answer.headers["vary"]) == ("private, max-age=3600", "Cookie")
        known = {"If-None-Match": answer.headers["etag"]}
        assert irina.get(f"{address}/{kind}", headers=known).status_code == 304


def test_the_picture_of_an_invisible_task_is_not_found(visit: Visit, embedded: EmbeddedWorld, number: int) -> None:
    photo = attached(embedded, number, picture(), "фото.png", "image/png")
    tag = visit("anna").get(f"/tasks/{number}/files/{photo}/view").headers["etag"]
    for headers in ({}, {"If-None-Match": tag}):
        assert visit("stranger").get(f"/tasks/{number}/files/{photo}/view", headers=headers).status_code == 404
    assert visit().get(f"/tasks/{number}/files/{photo}/view").status_code == 401


@pytest.mark.parametrize(
    ("content", "kind"),
    [(HTM, "image/png"), (b"<svg onload='alert(1)'/>", "image/svg+xml"), (b"", "image/gif"), (HTM, "text/html")],
)
def test_a_file_that_is_no_picture_has_no_thumbnail_in_spite_of_its_type(
    visit: Visit, embedded: EmbeddedWorld, number: int, content: bytes, kind: str
) -> None:
    file = attached(embedded, number, content, "картинка.png", kind)
    for size in ("thumbnail", "view"):
        answer = visit("anna").get(f"/tasks/{number}/files/{file}/{size}")
        assert answer.status_code == 404 and b"alert" not in answer.content


def test_an_ordinary_file_has_no_picture_on_the_page(visit: Visit, embedded: EmbeddedWorld, number: int) -> None:
    attached(embedded, number, HTM, "страница.html", "text/html")
    attached(embedded, number, b"<svg/>", "рисунок.svg", "image/svg+xml")
    assert "<img" not in visit("anna").get(f"/tasks/{number}", headers=HTML).text


def test_a_request_beyond_the_queue_gets_retry_after(
    visit: Visit, embedded: EmbeddedWorld, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = attached(embedded, number, picture(), "фото.png", "image/png")
    irina, address = visit("irina"), f"/tasks/{number}/files/{photo}/view"
    with monkeypatch.context() as patch:
        patch.setattr(pictures, "MOST_WAITING", 0)
        answer = irina.get(address)
    assert (answer.status_code, answer.json()["error"]) == (503, "overloaded") and int(answer.headers["retry-after"])
    assert irina.get(address).status_code == 200
