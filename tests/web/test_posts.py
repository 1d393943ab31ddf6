"""Announcements by pages and by programs: who reads, who writes, what a form keeps, and what files and pictures do."""

import errno
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from PIL import Image
from sqlmodel import Session, select

from helpdesk.errors import StoreUnavailable
from helpdesk.people.rights import AGENT
from helpdesk.services import Services
from helpdesk.store import post_edits
from helpdesk.store.models.posts import Post, PostFile
from helpdesk.web.core.request_data import Fields
from helpdesk.web.posts import history
from helpdesk.web.posts.form_input import local, moment
from helpdesk.web.posts.history import ADDED, MOST_LINES, REMOVED, SKIPPED, compared
from tests.tasks.test_pictures import bomb, picture
from tests.web.conftest import HTML, HTMX, Client, Visit, attached
from tests.world import PASSWORDS, PEOPLE_IDS, EmbeddedWorld

pytestmark = pytest.mark.usefixtures("settled")

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HOSTILE = (
    "<script>alert(1)</script><iframe src='//evil.test'></iframe> ![](https://evil.test/pixel.png) "
    "[x](javascript:alert(1)) <img src=x onerror=alert(1)>"
)


@pytest.fixture
def blobs(services: Services) -> Iterator[Path]:
    """The folder of contents; in the end each that a row names is there, and no other."""
    folder = services.settings.files_folder
    yield folder
    in_rows = services.database.run_here(lambda db: [*db.exec(select(PostFile.blob)), *db.exec(select(Post.picture))])
    named = {it for it in in_rows if it}
    assert {file.parent.name + file.name for file in folder.glob("??/*")} == named


def write(client: Client, title: str = "Новость", status: int = 201, **more: Any) -> Any:
    answer = client.post("/posts", json={"title": title, "content": "Текст", **more})
    assert answer.status_code == status, answer.text
    return answer.json().get("post", answer.json())


def send(client: Client, path: str, files: list[tuple[str, tuple[str, bytes]]], **fields: Any) -> Any:
    data = {"title": "Новость", "content": "Текст", "draft": "0", "audience": "all", "picture_alt": "", **fields}
    return client.post(path, data=data, files=files or [("files", ("", b""))], headers=HTML)


def lead(answer: Any) -> str:
    """The address that an answer leads to."""
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


# Reading


def test_a_post_is_listed_and_shown_as_the_contract_says(anna: Client, irina: Client) -> None:
    number = write(anna, "Работы", important=True)["id"]
    (listed,) = irina.get("/posts").json()["posts"]
    author = {"id": PEOPLE_IDS["anna"], "username": "anna", "full_name": "Анна Смирнова"}
    contract = {"id": number, "title": "Работы", "content": "Текст", "image": None, "author": author}
    assert contract.items() <= listed.items() and listed["date_posted"].endswith("Z")
    one = irina.get(f"/posts/{number}").json()
    assert one["success"] and contract.items() <= one["post"].items()


def test_others_read_neither_drafts_nor_what_is_for_others(anna: Client, irina: Client, visit: Visit) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    earlier = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    hidden = [
        write(anna, "Черновик", draft=True),
        write(anna, "Потом", published_from=soon),
        write(anna, "Прошло", published_from=earlier, published_until=past),
        write(anna, "Операторам", rights=[AGENT]),
    ]
    sales, everybody = write(anna, "Продажам", departments=["отдел продаж"]), write(anna, "Всем")
    titles = [it["title"] for it in irina.get("/posts").json()["posts"]]
    assert titles == ["Всем", "Продажам"]
    assert [it["title"] for it in visit("stranger").get("/posts").json()["posts"]] == ["Всем"], "only says so"
    for post in hidden:
        for path in ("", "/image", "/files/1"):
            assert irina.get(f"/posts/{post['id']}{path}").status_code == 404
        assert irina.post(f"/posts/{post['id']}/understood", json={"version": 1}).status_code == 404
    assert [irina.get(f"/posts/{it['id']}", headers=HTML).status_code for it in (sales, everybody)] == [200, 200]
    page = irina.get("/posts", headers=HTML).text
    assert "Продажам" in page and not any(it["title"] in page for it in hidden)
    assert len(anna.get("/posts").json()["posts"]) == 6
    shown = anna.get("/posts", headers=HTML).text
    assert all(word in shown for word in ("draft", "ended on", "on</span>"))


def test_only_writers_get_forms_versions_and_readers(anna: Client, irina: Client) -> None:
    number = write(anna, important=True)["id"]
    paths = ("/posts/new", *(f"/posts/{number}/{it}" for it in ("edit", "history", "readers", "delete")))
    for path in paths:
        assert irina.get(path, headers=HTML).status_code == 403
        assert anna.get(path, headers=HTML).status_code == 200
    for path in ("/posts", "/posts/new", "/posts/preview", f"/posts/{number}/edit", f"/posts/{number}/delete"):
        assert irina.post(path, json={"title": "x", "content": "x"}).status_code == 403
    assert irina.get(f"/posts/{number}").status_code == 200


def test_a_text_is_markdown_and_nothing_in_it_runs_or_is_fetched(anna: Client, irina: Client) -> None:
    number = write(anna, content=f"**Важно**, см. #7\n\n{HOSTILE}")["id"]
    page = irina.get(f"/posts/{number}", headers=HTML)
    assert "<strong>Важно</strong>" in page.text and 'href="/tasks/7"' in page.text
    assert "<script>alert" not in page.text and "<iframe" not in page.text and "<img" not in page.text
    assert 'src="https://evil.test' not in page.text and 'href="javascript:' not in page.text


def test_a_list_shows_the_beginning_of_each_text_in_plain_words(anna: Client, irina: Client) -> None:
    for number in range(3):
        write(anna, f"Новость {number}", content=f"**Файл** some_file_{number} <b>C#</b>")
    page = irina.get("/posts", headers=HTML).text
    assert all(f"Файл some_file_{number} &lt;b&gt;C#&lt;/b&gt;" in page for number in range(3))


def test_opening_a_page_is_reading_it_and_asking_by_a_program_is_not(anna: Client, irina: Client) -> None:
    number = write(anna)["id"]
    assert "not read yet" in irina.get("/posts", headers=HTML).text
    irina.get(f"/posts/{number}"), irina.head(f"/posts/{number}", headers=HTML)
    irina.get(f"/posts/{number}", headers={**HTML, "Sec-Purpose": "prefetch"})
    assert irina.get(f"/posts/{number}").json()["post"]["is_read"] is False
    assert irina.get(f"/posts/{number}", headers=HTML).status_code == 200
    assert irina.get(f"/posts/{number}").json()["post"]["is_read"] is True
    assert "not read yet" not in irina.get("/posts", headers=HTML).text


def test_a_search_has_pages_and_an_empty_one_says_what_to_do(anna: Client, irina: Client) -> None:
    for number in range(3):
        write(anna, f"Отпуск {number}")
    found = irina.get("/posts?q=ОТПУСК&limit=2&page=2").json()
    assert [it["title"] for it in found["posts"]] == ["Отпуск 0"]
    assert found["pagination"] == {"page": 2, "per_page": 2, "total": 3, "pages": 2}
    assert 'href="?page=1&amp;q=%D0%BE' in irina.get("/posts?q=отпуск&limit=2&page=2", headers=HTML).text.replace(
        "&q", "&amp;q"
    )
    assert "No announcement has all these words" in irina.get("/posts?q=дракон", headers=HTML).text


def test_a_page_after_the_last_leads_to_the_first(anna: Client, irina: Client) -> None:
    number = write(anna, important=True)["id"]
    listed = irina.get("/posts?q=новость&page=9", headers=HTML).text
    readers = anna.get(f"/posts/{number}/readers?state=not_yet&page=9", headers=HTML).text
    for page, first in ((listed, "?page=1&q="), (readers, "?page=1&state=not_yet")):
        assert "There are not so many pages." in page and f'<a href="{first}' in page.replace("&amp;", "&")
        assert "There are no announcements yet" not in page and "Nobody." not in page


# Understanding


def test_an_important_post_is_understood_and_its_writer_sees_by_whom(anna: Client, irina: Client) -> None:
    number = write(anna, important=True)["id"]
    page = irina.get(f"/posts/{number}", headers=HTML).text
    assert "I have read and understood this" in page
    answer = irina.post(f"/posts/{number}/understood", data={"version": "1"}, headers=HTML)
    assert lead(answer) == f"/posts/{number}"
    assert "You have read and understood this on" in irina.get(f"/posts/{number}", headers=HTML).text
    told = anna.get(f"/posts/{number}/readers").json()
    assert told["counts"] == {"not_yet": 4, "earlier": 0, "understood": 1}
    (one,) = anna.get(f"/posts/{number}/readers?state=understood").json()["readers"]
    assert one["user"]["username"] == "irina" and one["understood_at"]
    assert "Ирина Соколова" in anna.get(f"/posts/{number}/readers", headers=HTML).text


def test_a_text_that_changed_meanwhile_is_asked_about_again(anna: Client, irina: Client) -> None:
    number = write(anna, important=True)["id"]
    change = {"title": "Новость", "content": "Другой", "version": 1, "important": True, "ask_again": True}
    assert anna.post(f"/posts/{number}/edit", json=change).status_code == 200
    answer = irina.post(f"/posts/{number}/understood", json={"version": 1}).json()
    assert answer["is_understood"] is False
    assert "You understood an earlier version" in irina.get(f"/posts/{number}", headers=HTML).text
    assert irina.post(f"/posts/{number}/understood", json={"version": 2}).json()["is_understood"] is True


@pytest.mark.parametrize("version", [None, "", "x", -1, [1], 2**40])
def test_a_wrong_version_is_refused_or_counts_for_nothing(anna: Client, irina: Client, version: Any) -> None:
    number = write(anna, important=True)["id"]
    answer = irina.post(f"/posts/{number}/understood", json={"version": version})
    assert answer.status_code == 422 or not answer.json()["is_understood"]


# Writing


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "ы" * 101}, "title"),
        ({"title": 7}, "title"),
        ({"content": " \u200b"}, "content"),
        ({"content": "ы" * 65_536}, "content"),
        ({"published_from": "завтра"}, "published_from"),
        ({"published_from": "0001-01-01"}, "published_from"),
        ({"published_from": "9999-12-31T23:59:59-12:00"}, "published_from"),
        ({"published_from": "2026-05-02", "published_until": "2026-05-01"}, "published_until"),
        ({"departments": ["Нет такого"]}, "audience"),
        ({"rights": ["is_god"]}, "audience"),
        ({"audience": "some"}, "audience"),
        ({"audience": "few"}, "audience"),
        ({"departments": ["x"] * 201}, "departments"),
        ({"departments": [{"a": 1}]}, "departments"),
        ({"important": "maybe"}, "important"),
        ({"image": "https://evil.test/a.png"}, "image"),
    ],
)
def test_what_is_wrong_is_named(anna: Client, wrong: dict[str, Any], field: str) -> None:
    refused = write(anna, **{"status": 422, **wrong})
    assert field in refused["errors"]
    assert anna.get("/posts").json()["posts"] == []


def test_moments_are_by_the_clock_of_the_company_unless_they_say_otherwise(anna: Client) -> None:
    for text in ("2026-05-01T12:00", "01.05.2026 12:00", "2026-05-01T09:00:00Z", "2026-05-01T14:00+05:00"):
        assert write(anna, published_from=text, draft=True)["published_from"] == "2026-05-01T09:00:00Z"


def test_a_scheduled_post_can_be_published_at_once(anna: Client) -> None:
    for more in ({"published_from": None}, {"published_from": ""}):
        post = write(anna, published_from="2099-01-01")
        answer = anna.post(f"/posts/{post['id']}/edit", json={"title": "Два", "content": "Два", "version": 1, **more})
        assert answer.json()["post"]["state"] == "published"
    path = f"/posts/{write(anna, published_from='2099-01-01')['id']}"
    lead(send(anna, f"{path}/edit", [], version="1", published_from="", published_until=""))
    assert anna.get(path).json()["post"]["state"] == "published"


def test_nothing_is_published_whose_end_is_over(anna: Client) -> None:
    assert "published_until" in write(anna, published_until="2001-01-01", status=422)["errors"]
    assert write(anna, published_until="2001-01-01", draft=True)["state"] == "draft"
    path = f"/posts/{write(anna, published_from='2099-01-01')['id']}"
    end = {"title": "Два", "content": "Два", "version": 1, "published_until": "2020-01-01"}
    assert anna.post(f"{path}/edit", json={**end, "published_from": None}).status_code == 422
    path = f"/posts/{write(anna, published_from='2019-01-01')['id']}"
    assert anna.post(f"{path}/edit", json={**end, "published_from": None}).json()["post"]["state"] == "expired"


def test_a_form_that_leaves_a_moment_alone_moves_no_publication(anna: Client) -> None:
    post = write(anna, published_from="2026-05-01T09:00:59Z", published_until="2099-05-01T09:00:58Z")
    path = f"/posts/{post['id']}"
    typed = {"published_from": "2026-05-01T12:00", "published_until": "2099-05-01T12:00"}
    assert all(it in anna.get(f"{path}/edit", headers=HTML).text for it in typed.values())
    lead(send(anna, f"{path}/edit", [], version="1", **typed))
    after = anna.get(path).json()["post"]
    assert [after[it] for it in typed] == [post[it] for it in typed]
    lead(send(anna, f"{path}/edit", [], version="2", **{**typed, "published_from": "2026-05-01T12:01"}))
    assert anna.get(path).json()["post"]["published_from"] == "2026-05-01T09:01:00Z"


def test_the_hour_that_comes_twice_is_kept(anna: Client) -> None:
    zone = ZoneInfo("Europe/Berlin")
    for hour in (0, 1):
        at = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
        assert moment(Fields({"at": local(at, zone)}), "at", zone, at) == at


def test_a_title_is_one_line(anna: Client) -> None:
    assert write(anna, "a\nBcc:\tx\u2028y\x85")["title"] == "a Bcc: x y"
    page = anna.post("/knowledge/new", json={"title": "Две\r\nстроки", "content": "Текст"}).json()["post"]
    assert page["title"] == "Две строки"


def test_the_day_of_a_draft_is_the_same_everywhere(anna: Client, services: Services) -> None:
    post = write(anna, draft=True)

    def work(db: Session) -> None:
        db.get_one(Post, post["id"]).created_at = datetime(2026, 3, 4, 9, tzinfo=UTC)

    services.database.run_here(work, writes=True)
    for path in ("/posts", f"/posts/{post['id']}"):
        assert "04.03.2026 12:00" in anna.get(path, headers=HTML).text
    assert anna.get(f"/posts/{post['id']}").json()["post"]["date_posted"] == "2026-03-04T09:00:00Z"


def test_a_post_that_becomes_important_again_is_asked_about(anna: Client, irina: Client) -> None:
    path = f"/posts/{write(anna, important=True)['id']}"
    irina.post(f"{path}/understood", json={"version": 1})
    for version, important in ((1, False), (2, True), (3, True)):
        sent = {"title": "Новость", "content": "Другой", "version": version, "important": important}
        anna.post(f"{path}/edit", json=sent).raise_for_status()
    assert irina.get(path).json()["post"]["is_understood"] is False
    assert irina.post(f"{path}/understood", json={"version": 3}).json()["is_understood"] is True


def test_a_form_writes_and_edits_a_post_without_scripts(anna: Client) -> None:
    path = lead(send(anna, "/posts/new", [], audience="some", departments="Отдел продаж", rights=AGENT, pinned="1"))
    shown = anna.get(path, headers=HTML).text
    assert "It was saved." in shown and "For whom:" in shown and "Отдел продаж" in shown
    form = anna.get(f"{path}/edit", headers=HTML).text
    assert re.search(r'name="departments" value="Отдел продаж" checked', form)
    assert lead(send(anna, f"{path}/edit", [], version="1", title="Два", draft="1")) == path
    post = anna.get(path).json()["post"]
    assert (post["title"], post["state"], post["is_pinned"], post["departments"]) == ("Два", "draft", False, [])


def test_a_program_changes_only_what_it_sends(anna: Client) -> None:
    post = write(anna, pinned=True, important=True, departments=["Отдел продаж"], published_until="2099-01-01")
    answer = anna.post(f"/posts/{post['id']}/edit", json={"title": "Два", "content": "Два", "version": 1})
    changed = anna.get(f"/posts/{post['id']}").json()["post"]
    assert answer.status_code == 200 and changed["departments"] == ["Отдел продаж"]
    for name in ("is_pinned", "is_important", "published_from", "published_until"):
        assert changed[name] == post[name]


def test_a_program_that_edits_a_draft_does_not_publish_it(anna: Client) -> None:
    number = write(anna, draft=True)["id"]
    anna.post(f"/posts/{number}/edit", json={"title": "Два", "content": "Два", "version": 1})
    assert anna.get(f"/posts/{number}").json()["post"]["state"] == "draft"


def test_for_whom_a_post_is_only_writers_are_told(anna: Client, irina: Client) -> None:
    path = f"/posts/{write(anna, departments=['Отдел продаж'])['id']}"
    assert "departments" not in irina.get(path).json()["post"]
    assert "For whom" not in irina.get(path, headers=HTML).text and "For everybody" not in irina.get(path).text


def test_a_refused_form_shows_what_was_typed_and_keeps_it_as_a_draft(anna: Client) -> None:
    key = re.search(r'name="typed_by" value="([^"]+)"', anna.get("/posts/new", headers=HTML).text)
    assert key
    answer = send(anna, "/posts/new", [], title="", content="Длинный текст", typed_by=key[1], pinned="1")
    assert answer.status_code == 422 and "Длинный текст" in answer.text and "Please fill this in." in answer.text
    again = anna.get("/posts/new", headers=HTML).text
    assert "Длинный текст" in again and "not sent" in again and re.search(r'name="pinned" value="1" checked', again)
    lead(anna.post("/drafts/posts:new/discard", data={"typed_by": key[1]}, headers=HTML))
    assert "Длинный текст" not in anna.get("/posts/new", headers=HTML).text


def test_the_same_form_sent_twice_is_one_post(anna: Client) -> None:
    first, second = (send(anna, "/posts/new", [], idempotency_key="k") for _ in range(2))
    assert lead(first) == lead(second) and len(anna.get("/posts").json()["posts"]) == 1


def test_a_preview_is_by_itself_for_htmx_and_in_the_form_without_scripts(anna: Client) -> None:
    sent = {"title": "Т", "content": "**жирный**", "audience": "all"}
    fragment = anna.post("/posts/preview", data=sent, headers=HTMX).text
    assert fragment.strip() == "<p><strong>жирный</strong></p>"
    page = send(anna, "/posts/preview", [("picture", ("a.png", picture()))], content="**жирный**")
    assert "<strong>жирный</strong>" in page.text and "<textarea" in page.text
    assert 'name="staged_picture"' in page.text, "the picture need not be sent again"
    number = write(anna)["id"]
    edited = send(anna, f"/posts/preview?of={number}", [], content="*свой*", version="1").text
    assert "<em>свой</em>" in edited and f'action="/posts/{number}/edit"' in edited


def test_two_editors_see_each_others_text(anna: Client, visit: Visit) -> None:
    number = write(anna, "Раз", content="Один")["id"]
    send(visit("admin"), f"/posts/{number}/edit", [], version="1", title="Раз", content="Чужой текст")
    mine = send(anna, f"/posts/{number}/edit", [], version="1", title="Мой заголовок", content="Мой текст")
    assert mine.status_code == 409
    assert all(it in mine.text for it in ("Чужой текст", "Мой текст", "Мой заголовок", "Алла Админ"))
    assert 'name="version" value="2"' in mine.text
    lead(send(anna, f"/posts/{number}/edit", [], version="2", title="Мой заголовок", content="Мой текст"))
    assert anna.get(f"/posts/{number}").json()["post"]["content"] == "Мой текст"


def test_a_program_is_told_of_a_conflict_with_the_present_post(anna: Client) -> None:
    number = write(anna)["id"]
    anna.post(f"/posts/{number}/edit", json={"title": "Два", "content": "Два", "version": 1})
    answer = anna.post(f"/posts/{number}/edit", json={"title": "Три", "content": "Три", "version": 1})
    assert answer.status_code == 409 and answer.json()["current"]["title"] == "Два"


def test_versions_show_what_each_changed(anna: Client) -> None:
    number = write(anna, "Раз", content="Один\nДва")["id"]
    anna.post(f"/posts/{number}/edit", json={"title": "Раз", "content": "Один\n<b>Три</b>", "version": 1})
    page = anna.get(f"/posts/{number}/history", headers=HTML).text
    assert re.search(r"<del[^>]*>.*Два</del>", page) and "&lt;b&gt;Три&lt;/b&gt;</ins>" in page
    first = anna.get(f"/posts/{number}/history?version=1", headers=HTML).text
    assert "Один</ins>" in first and "<del" not in first
    assert anna.get(f"/posts/{number}/history?version=9", headers=HTML).status_code == 404
    assert [it["version"] for it in anna.get(f"/posts/{number}/history").json()["versions"]] == [2, 1]


def test_the_oldest_version_that_is_kept_is_compared_with_nothing(
    anna: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post_edits, "MOST_REVISIONS", 2)
    number = write(anna)["id"]
    for version in (1, 2):
        anna.post(f"/posts/{number}/edit", json={"title": "Раз", "content": f"Текст {version}", "version": version})
    page = anna.get(f"/posts/{number}/history?version=2", headers=HTML).text
    assert "not kept any more" in page and "<ins" not in page
    assert "<ins" in anna.get(f"/posts/{number}/history", headers=HTML).text


def test_a_program_gets_the_versions_without_a_comparison(anna: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(history, "compared")
    assert len(anna.get(f"/posts/{write(anna)['id']}/history").json()["versions"]) == 1


def test_texts_of_the_same_lines_are_compared_in_little_time() -> None:
    """With the cube of the lines one takes seconds, and this test would be ended for it."""
    same = ["a"] * MOST_LINES
    other = [str(number) if number % 2 else "a" for number in range(MOST_LINES)]
    for _ in range(200):
        assert compared("\n".join(same), "\n".join(other)) and compared("\n".join(other), "\n".join(same))


def test_a_comparison_skips_what_is_the_same_and_gives_up_on_too_many_lines() -> None:
    before = [str(number) for number in range(20)]
    lines = compared("\n".join(before), "\n".join([*before[:1], "новое", *before[2:]]))
    assert lines and [it.kind for it in lines if it.kind in (ADDED, REMOVED)] == [REMOVED, ADDED]
    far = compared("\n".join(before), "\n".join(["a", *before[1:-1], "b"]))
    assert far and SKIPPED in {it.kind for it in far}
    assert compared("", "\n" * 5_000) is None


def test_a_post_is_deleted_after_a_question(anna: Client, irina: Client, blobs: Path) -> None:
    files = [("picture", ("a.png", picture())), ("files", ("план.txt", b"abc"))]
    path = lead(send(anna, "/posts/new", files, picture_alt="План"))
    assert len(list(blobs.glob("??/*"))) == 2
    assert "Delete for good" in anna.get(f"{path}/delete", headers=HTML).text
    assert lead(anna.post(f"{path}/delete", data={"idempotency_key": "k"}, headers=HTML)) == "/posts"
    assert irina.get(path).status_code == 404 and not list(blobs.glob("??/*"))
    assert anna.post(f"{path}/delete").status_code == 404


# Files


def test_a_file_is_saved_and_never_shown_and_can_be_had_in_parts(anna: Client, irina: Client, blobs: Path) -> None:
    page = b"<script>alert(1)</script>"
    path = lead(send(anna, "/posts/new", [("files", ("страница.html", page))]))
    (file,) = anna.get(path).json()["post"]["files"]
    answer = irina.get(file["url"])
    assert answer.content == page and answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    part = irina.get(file["url"], headers={"Range": "bytes=1-6"})
    assert (part.status_code, part.content) == (206, b"script")
    assert irina.get(file["url"] + "9").status_code == 404


def test_files_of_a_refused_form_need_not_be_sent_again(anna: Client, blobs: Path) -> None:
    refused = send(anna, "/posts/new", [("files", ("a.txt", b"abc")), ("picture", ("a.png", picture()))], title="")
    (staged,) = re.findall(r'name="staged" value="([^"]+)"', refused.text)
    (of_picture,) = re.findall(r'name="staged_picture" value="([^"]+)"', refused.text)
    kept = {"staged": staged, "staged_picture": of_picture, "picture_alt": "План"}
    post = anna.get(lead(send(anna, "/posts/new", [], **kept))).json()["post"]
    assert [it["filename"] for it in post["files"]] == ["a.txt"] and post["image"]
    again = send(anna, "/posts/new", [], **kept)
    assert again.status_code == 422, "a staged file is taken once"


def test_nobody_else_takes_what_was_staged(anna: Client, visit: Visit) -> None:
    refused = send(anna, "/posts/new", [("files", ("a.txt", b"abc"))], title="")
    (staged,) = re.findall(r'name="staged" value="([^"]+)"', refused.text)
    assert send(visit("admin"), "/posts/new", [], staged=staged).status_code == 422


def test_files_stay_that_are_ticked(anna: Client, blobs: Path) -> None:
    path = lead(send(anna, "/posts/new", [("files", ("a.txt", b"abc")), ("files", ("b.txt", b"abc"))]))
    kept = anna.get(path).json()["post"]["files"][1]["id"]
    lead(send(anna, f"{path}/edit", [("files", ("c.txt", b"abc"))], version="1", kept_files=str(kept)))
    assert [it["filename"] for it in anna.get(path).json()["post"]["files"]] == ["b.txt", "c.txt"]


def test_a_picture_among_the_files_is_shown_in_the_text(anna: Client, irina: Client, blobs: Path) -> None:
    path = lead(send(anna, "/posts/new", [("files", ("план.png", picture((900, 300))))], content="![план](план.png)"))
    (address,) = re.findall(r'<img src="(/posts/[^"]+)"', irina.get(path, headers=HTML).text)
    shown = irina.get(address)
    assert shown.headers["content-type"] == "image/webp" and Image.open(BytesIO(shown.content)).size == (192, 64)


def test_a_picture_of_a_post_is_never_one_of_a_task_with_the_same_number_and_size(
    anna: Client, embedded: EmbeddedWorld
) -> None:
    red, blue = (made(Image.new("RGB", (40, 40), colour), "PNG").ljust(200, b" ") for colour in ("red", "blue"))
    task = embedded.new_task()
    of_task = attached(embedded, task, red, "a.png", "image/png")
    (of_post,) = anna.get(lead(send(anna, "/posts/new", [("files", ("a.png", blue))]))).json()["post"]["files"]
    assert of_post["id"] == of_task
    shown = [
        anna.get(it).content for it in (f"/tasks/{task}/files/{of_task}/thumbnail", f"{of_post['url']}?size=small")
    ]
    colours = [Image.open(BytesIO(it)).convert("RGB").getpixel((20, 20)) for it in shown]
    assert [("red", "blue")[it[2] > it[0]] for it in colours if isinstance(it, tuple)] == ["red", "blue"]


# Pictures


def put(client: Client, content: bytes, name: str = "a.png", **more: Any) -> Any:
    return send(client, "/posts/new", [("picture", (name, content))], picture_alt="План", **more)


def image_of(client: Client, path: str, query: str = "") -> Image.Image:
    answer = client.get(f"{path}/image{query}")
    assert answer.headers["content-type"] == "image/webp" and answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"] and "private" in answer.headers["cache-control"]
    return Image.open(BytesIO(answer.content))


def made(image: Image.Image, kind: str, **more: Any) -> bytes:
    content = BytesIO()
    image.save(content, kind, **more)
    return content.getvalue()


def test_a_picture_is_reencoded_at_most_1600_wide_and_480_in_lists(anna: Client, irina: Client, blobs: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "секрет"
    photo = made(Image.new("RGB", (3000, 1500), "teal"), "JPEG", exif=exif, comment=b"<script>alert(1)</script>")
    path = lead(put(anna, photo))
    large, small = image_of(irina, path), image_of(irina, path, "?size=small")
    assert (large.size, small.size) == ((1600, 800), (480, 240)) and not large.getexif()
    stored = b"".join(file.read_bytes() for file in blobs.glob("??/*"))
    assert b"script" not in stored and "секрет".encode() not in stored
    tag = irina.get(f"{path}/image").headers["etag"]
    assert irina.get(f"{path}/image", headers={"If-None-Match": tag}).status_code == 304
    assert 'alt="План"' in irina.get(path, headers=HTML).text


MOVING = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
ODD = {
    "CMYK": made(Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG"),
    "16 bits": made(Image.new("I;16", (40, 40), 40_000), "PNG"),
    "moving": made(MOVING[0], "GIF", save_all=True, append_images=MOVING[1:]),
    "with a script after it": made(Image.new("RGB", (40, 40)), "GIF") + b"/*<script>alert(1)</script>*/",
    "transparent": made(Image.new("RGBA", (40, 40), (1, 2, 3, 0)), "PNG"),
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD)
def test_odd_pictures_become_plain_ones(anna: Client, blobs: Path, content: bytes) -> None:
    shown = image_of(anna, lead(put(anna, content)))
    assert shown.size == (40, 40) and not getattr(shown, "is_animated", False)
    assert b"script" not in b"".join(file.read_bytes() for file in blobs.glob("??/*"))


BAD = {
    "SVG": SVG,
    "nothing": b"",
    "a text": b"no picture at all",
    "a truncated one": picture((400, 400))[:200],
    "a bomb": bomb(30_000, 30_000),
    "a page that begins as a GIF": b"GIF89a=1;<script>alert(1)</script>" + b" " * 500,
    "half a JPEG": made(Image.effect_noise((400, 400), 90), "JPEG")[:900],
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_what_is_no_picture_is_refused_and_leaves_nothing(anna: Client, blobs: Path, content: bytes) -> None:
    answer = put(anna, content)
    assert answer.status_code == 422 and "This is no picture" in answer.text
    assert not list(blobs.glob("??/*")) and anna.get("/posts").json()["posts"] == []


def test_a_picture_needs_words_of_a_person_and_takes_the_title_of_a_program(anna: Client, blobs: Path) -> None:
    refused = send(anna, "/posts/new", [("picture", ("a.png", picture()))], picture_alt=" ")
    assert refused.status_code == 422 and "say in words what the picture shows" in refused.text
    data, files = {"title": "Схема проезда", "content": "Текст"}, [("image", ("a.png", picture()))]
    post = anna.post("/posts", data=data, files=files).json()["post"]
    assert post["image"] == f"/posts/{post['id']}/image" and post["image_alt"] == "Схема проезда"
    path = f"/posts/{post['id']}"
    assert send(anna, f"{path}/edit", [], version="1", keep_picture="1").status_code == 422
    lead(send(anna, f"{path}/edit", [], version="1", keep_picture="1", picture_alt="Схема"))
    assert anna.get(path).json()["post"]["image_alt"] == "Схема"
    lead(send(anna, f"{path}/edit", [], version="2"))
    assert anna.get(path).json()["post"]["image"] is None and anna.get(f"{path}/image").status_code == 404


def test_two_pictures_or_too_large_ones_are_refused(anna: Client) -> None:
    two = [("picture", ("a.png", picture())), ("image", ("b.png", picture()))]
    assert send(anna, "/posts/new", two, picture_alt="План").status_code == 422
    assert put(anna, picture() + b" " * (10 * 1024 * 1024)).status_code == 413


def test_a_picture_that_is_lost_is_not_there(anna: Client, services: Services) -> None:
    path = lead(put(anna, picture()))
    for file in services.settings.files_folder.glob("??/*"):
        file.unlink()
    assert [anna.get(f"{path}/image{it}").status_code for it in ("", "?size=small")] == [404, 404]
    assert anna.get(path, headers=HTML).status_code == 200


# Old addresses


@pytest.mark.parametrize(
    ("old", "new"),
    [("/blog", "/posts"), ("/post/new", "/posts/new"), ("/post/7", "/posts/7"), ("/post/7/update", "/posts/7/edit")],
)
def test_old_addresses_lead_to_those_of_today(anna: Client, old: str, new: str) -> None:
    answer = anna.get(old)
    assert (answer.status_code, answer.headers["location"]) == (301, new)


# When something is in the way


def test_a_text_whose_session_has_ended_goes_through_signing_in(anna: Client, visit: Visit) -> None:
    key = re.search(r'name="typed_by" value="([^"]+)"', anna.get("/posts/new", headers=HTML).text)
    assert key
    sent = {"title": "Недописанное", "content": "Длинный текст", "typed_by": key[1]}
    page = visit().post("/posts/new", data=sent, headers=HTML).text
    carried = re.search(r'name="carried" value="([^"]+)"', page)
    assert carried
    signing_in = {"username": "anna", "password": PASSWORDS["anna"], "carried": carried[1]}
    visit().post("/users/login", data=signing_in, headers=HTML)
    assert "Длинный текст" in anna.get("/posts/new", headers=HTML).text


def test_a_text_is_kept_when_the_picture_can_not_be_made_now(anna: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helpdesk.tasks.pictures.MOST_WAITING", 0)
    answer = send(anna, "/posts/new", [("picture", ("a.png", picture()))], content="Длинный текст")
    assert answer.status_code == 503
    monkeypatch.undo()
    assert "Длинный текст" in anna.get("/posts/new", headers=HTML).text


def test_a_reading_that_can_not_be_noted_keeps_nobody_from_reading(
    anna: Client, irina: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = write(anna)["id"]

    def fails(*_: object) -> None:
        raise StoreUnavailable("read only")

    monkeypatch.setattr("helpdesk.store.post_reads.note_read", fails)
    assert irina.get(f"/posts/{number}", headers=HTML).status_code == 200


def test_a_file_for_which_there_is_no_room_leaves_nothing(
    anna: Client, blobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr("helpdesk.store.blobs.Blobs._save", full)
    assert send(anna, "/posts/new", [("files", ("a.txt", b"abc"))]).status_code == 507
    monkeypatch.undo()
    write(anna)


def test_a_process_that_dies_in_the_middle_leaves_a_content_only_for_a_day(
    anna: Client, services: Services, blobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise SystemError("killed")

    monkeypatch.setattr("helpdesk.store.post_files.complete", dies)
    assert send(anna, "/posts/new", [("files", ("a.txt", b"abc"))]).status_code == 500
    monkeypatch.undo()
    write(anna)
    assert len(list(blobs.glob("??/*"))) == 1
    services.database.run_here(
        lambda db: db.exec(sa.update(PostFile).values(added_at=datetime(2026, 1, 1, tzinfo=UTC)))
    )
    write(anna)
    assert list(blobs.glob("??/*")) == []


def test_a_post_is_saved_even_when_an_old_file_can_not_be_deleted(anna: Client, blobs: Path) -> None:
    files = [("files", (f"{name}.txt", b"abc")) for name in "abc"]
    path = lead(send(anna, "/posts/new", files))
    stuck = sorted(blobs.glob("??/*"))[0]
    stuck.unlink()
    stuck.mkdir()
    lead(send(anna, f"{path}/edit", [], version="1", title="Два", kept_files="0"))
    assert anna.get(path).json()["post"]["title"] == "Два" and list(blobs.glob("??/*")) == [stuck]
    lead(anna.post(f"{path}/delete", data={}, headers=HTML))
    stuck.rmdir()
    write(anna)  # deletes what was left
