"""Two writers of one post: nothing that one has changed is undone by the form of the other, unless they are told."""

import re
from collections.abc import Sequence
from typing import Any

import pytest

from helpdesk.people.rights import AGENT
from tests.tasks.test_pictures import picture
from tests.web.conftest import HTML, SALES, Client, Visit
from tests.web.dom import Element, parsed

pytestmark = pytest.mark.usefixtures("settled")

Files = Sequence[tuple[str, tuple[str, bytes]]]
Form = dict[str, list[str]]


@pytest.fixture
def admin(visit: Visit) -> Client:
    return visit("admin")


def written(client: Client, files: Files = (), **more: Any) -> str:
    """Add a post by a program; its path."""
    data = {"title": "Раз", "content": "Один\nДва\r\nТри", **more}
    answer = client.post("/posts", data=data, files=list(files) or [("files", ("", b""))])
    assert answer.status_code == 201, answer.text
    return f"/posts/{answer.json()['post']['id']}"


def form_of(page: str) -> Form:
    """What the form of a page sends as it stands, without its buttons."""
    form = parsed(page).by_id("post-form")
    assert form
    found: Form = {}
    for each in form.all(lambda it: it.tag in ("input", "textarea") and it.get("name")):
        if each.get("type") == "file" or (each.get("type") in ("checkbox", "radio") and not _is_checked(each)):
            continue
        text = "".join(map(str, each.children)).removeprefix("\n") if each.tag == "textarea" else each.get("value")
        found.setdefault(each["name"], []).append(re.sub("\r\n?|\n", "\r\n", text or ""))
    return found


def opened(client: Client, path: str) -> Form:
    return form_of(client.get(f"{path}/edit", headers=HTML).text)


def send(client: Client, path: str, form: Form, files: Files = (), draft: str = "0", **typed: str | list[str]) -> Any:
    sent = {**form, **{name: it if isinstance(it, list) else [it] for name, it in typed.items()}, "draft": [draft]}
    return client.post(f"{path}/edit", data=sent, files=list(files) or [("files", ("", b""))], headers=HTML)


def save(client: Client, path: str, form: Form, files: Files = (), **typed: Any) -> None:
    answer = send(client, path, form, files, **typed)
    assert answer.status_code == 303, answer.text


def conflict(client: Client, path: str, form: Form, files: Files = (), **typed: Any) -> tuple[str, Form]:
    """Send a form that is refused; what the refusal says, and the form below it."""
    answer = send(client, path, form, files, **typed)
    assert answer.status_code == 409
    (says,) = parsed(answer.text).of_class("fault")
    return says.text, form_of(answer.text)


def shown(client: Client, path: str) -> dict[str, Any]:
    post: dict[str, Any] = client.get(path).json()["post"]
    return post


def _is_checked(box: Element) -> bool:
    return "checked" in box.attributes


def test_a_second_writer_undoes_nothing_that_they_left_alone(anna: Client, admin: Client, visit: Visit) -> None:
    path = written(anna, [("files", ("old.txt", b"a")), ("files", ("gone.txt", b"a"))])
    old, gone = (str(it["id"]) for it in shown(anna, path)["files"])
    mine, theirs = opened(anna, path), opened(admin, path)
    files = [("files", ("only copy.pdf", b"b")), ("picture", ("a.png", picture()))]
    narrowed: dict[str, Any] = {"audience": "some", "rights": [AGENT], "published_until": "2099-01-01T10:00"}
    boxes = {"important": "1", "pinned": "1", "kept_files": [old], "picture_alt": "Схема"}
    save(admin, path, theirs, files, content="Два", **narrowed, **boxes)
    before = shown(anna, path)
    says, form = conflict(anna, path, mine, title="Раз!")
    assert form["base"] != mine["base"] and form["version"] == ["2"]
    for word in ("the text", "the files", "the picture", "for whom it is", "until when", "pinned", "important"):
        assert word in says
    assert "the title" not in says and "Title:" not in says
    save(anna, path, form)
    after = shown(anna, path)
    same = ("content", "files", "is_important", "is_pinned", "published_until", "published_from", "rights", "image_alt")
    assert {it: after[it] for it in same} == {it: before[it] for it in same} and after["image"]
    assert after["title"] == "Раз!" and [it["filename"] for it in after["files"]] == ["old.txt", "only copy.pdf"]
    assert visit("irina").get(path).status_code == 404, "it stays narrowed"


def test_what_both_have_changed_is_shown_beside_what_was_typed(anna: Client, admin: Client) -> None:
    path = written(anna, published_from="2020-01-01T10:00")
    mine, theirs = opened(anna, path), opened(admin, path)
    others: dict[str, Any] = {"published_until": "2099-05-06T10:00", "published_from": "2021-02-03T10:00"}
    others |= {"audience": "some", "rights": [AGENT], "departments": [SALES]}
    others |= {"title": "Их", "content": "Их текст", "picture_alt": "Их схема"}
    save(admin, path, theirs, [("picture", ("a.png", picture()))], **others)
    dates: dict[str, Any] = {"published_until": "2098-01-01T10:00", "published_from": "2022-01-01T10:00"}
    texts: dict[str, Any] = {"title": "Мой", "content": "Мой текст", "picture_alt": "Моя схема"}
    own = [("picture", ("b.png", picture((30, 30))))]
    says, form = conflict(anna, path, mine, own, audience="some", departments=[SALES], **dates, **texts)
    for word in ("Их", "Их схема", "Their text", "Their picture:", SALES, "06.05.2099", "03.02.2021"):
        assert word in says
    assert "left alone" not in says
    assert {it: form[it] for it in (*dates, *texts)} == {it: [text] for it, text in {**dates, **texts}.items()}
    assert form["departments"] == [SALES] and "rights" not in form and form["staged_picture"]
    theirs_after_all = {it: values for it, values in form.items() if it != "staged_picture"}
    image = shown(anna, path)["image"]
    assert form["keep_picture"] == ["1"]
    save(anna, path, theirs_after_all)
    assert shown(anna, path)["image"] == image and shown(anna, path)["image_alt"] == "Моя схема"


def test_files_and_pictures_that_both_touched(anna: Client, admin: Client) -> None:
    files = [("files", ("a.txt", b"a")), ("files", ("b.txt", b"b")), ("picture", ("a.png", picture()))]
    path = written(anna, files, picture_alt="Схема")
    first, second = (str(it["id"]) for it in shown(anna, path)["files"])
    mine, theirs = opened(anna, path), opened(admin, path)
    save(admin, path, theirs, [("files", ("c.txt", b"c")), ("picture", ("b.png", picture((9, 9))))], kept_files=[first])
    without = {it: values for it, values in mine.items() if it != "keep_picture"}
    says, form = conflict(anna, path, without, kept_files=[second])
    (third,) = {str(it["id"]) for it in shown(anna, path)["files"]} - {first, second}
    assert form["kept_files"] == [third], "each has let one go"
    assert "keep_picture" not in form and "Their picture:" in says and "the files" in says


def test_a_post_that_somebody_took_back_is_not_published_unseen(anna: Client, admin: Client) -> None:
    path = written(anna)
    mine = opened(anna, path)
    save(admin, path, opened(admin, path), draft="1")
    says, form = conflict(anna, path, mine)
    assert "it is a draft now" in says
    save(admin, path, opened(admin, path))
    assert "no draft any more" in conflict(anna, path, form, title="Мой")[0]


def test_a_conflict_after_a_conflict_begins_with_what_was_shown(anna: Client, admin: Client) -> None:
    path = written(anna)
    mine = opened(anna, path)
    save(admin, path, opened(admin, path), important="1")
    _, form = conflict(anna, path, mine, title="Мой")
    save(admin, path, opened(admin, path), pinned="1")
    says, form = conflict(anna, path, form)
    assert "pinned" in says and "important" not in says and form["title"] == ["Мой"]
    save(anna, path, form)
    after = shown(anna, path)
    assert (after["title"], after["is_pinned"], after["is_important"]) == ("Мой", True, True)


def test_a_draft_of_a_form_and_a_preview_keep_what_it_began_with(anna: Client, admin: Client) -> None:
    path = written(anna)
    mine = opened(anna, path)
    assert send(anna, path, mine, title=" ").status_code == 422, "it is kept as a draft"
    save(admin, path, opened(admin, path), important="1", content="Их")
    drafted = opened(anna, path)
    assert (drafted["base"], drafted["version"]) == (mine["base"], mine["version"])
    looked = anna.post(f"/posts/preview?of={path.rpartition('/')[2]}", data={**drafted, "title": ["Мой"]}, headers=HTML)
    says, form = conflict(anna, path, form_of(looked.text))
    assert "important" in says and form["content"] == ["Их"] and form["important"] == ["1"]


@pytest.mark.parametrize("base", [None, "", "x", "0" * 200_000, "é", ["a", "b"]], ids=range(6))
def test_a_form_without_a_readable_base_shows_all_that_differs(anna: Client, admin: Client, base: Any) -> None:
    path = written(anna, [("files", ("a.txt", b"a"))])
    mine = {it: values for it, values in opened(anna, path).items() if it not in ("base", "kept_files")}
    save(admin, path, opened(admin, path), important="1", content="Их", audience="some", rights=[AGENT])
    says, form = conflict(anna, path, mine, **({} if base is None else {"base": base}))
    assert all(word in says for word in ("Their text", "Important: yes", "For whom:")) and "left alone" not in says
    assert form["kept_files"], "no file goes unseen"


def test_of_a_page_the_form_compares_only_what_it_has(anna: Client, admin: Client) -> None:
    page = anna.post("/knowledge/new", json={"title": "Раз", "content": "Один", "published_until": "2099-01-01"})
    path = f"/posts/{page.json()['post']['id']}"
    mine = opened(anna, path)
    assert not {"published_until", "important"} & mine.keys()
    save(admin, path, opened(admin, path), content="Два")
    says, form = conflict(anna, path, mine, title="Мой")
    assert "the text" in says and "publish" not in says
    save(anna, path, form)
    assert shown(anna, path)["content"] == "Два" and re.match("2098-12-31|2099", shown(anna, path)["published_until"])


def test_a_text_for_a_post_that_is_deleted_is_not_lost(anna: Client, admin: Client) -> None:
    path = written(anna, [("files", ("old.txt", b"a"))])
    mine = opened(anna, path)
    admin.post(f"{path}/delete").raise_for_status()
    answer = send(anna, path, mine, [("files", ("new.txt", b"b"))], content="Мой текст", important="1")
    form = form_of(answer.text)
    assert answer.status_code == 404 and "Somebody has deleted this meanwhile" in answer.text
    assert 'action="/posts/new"' in answer.text and not {"version", "base", "kept_files"} & form.keys()
    assert (form["content"], form["important"]) == (["Мой текст"], ["1"]) and form["staged"]
    again = anna.get(f"{path}/edit", headers=HTML)
    assert again.status_code == 404 and form_of(again.text)["content"] == ["Мой текст"], "the draft has a page"
    new = anna.post("/posts/new", data={**form, "draft": ["0"]}, files=[("files", ("", b""))], headers=HTML)
    assert new.status_code == 303
    assert [it["filename"] for it in shown(anna, new.headers["location"])["files"]] == ["new.txt"]
    assert admin.get(f"{path}/edit", headers=HTML).status_code == 404
    program = anna.post(f"{path}/edit", json={"title": "x", "content": "x", "version": 1})
    assert (program.status_code, program.json()["error"]) == (404, "not_found")


def test_a_page_that_is_deleted_comes_back_as_a_page(anna: Client, admin: Client) -> None:
    path = f"/posts/{anna.post('/knowledge/new', json={'title': 'Раз', 'content': 'Один'}).json()['post']['id']}"
    mine = opened(anna, path)
    admin.post(f"{path}/delete").raise_for_status()
    assert 'action="/knowledge/new"' in send(anna, path, mine).text


def test_a_review_of_a_changed_page_leads_back_to_it(anna: Client, admin: Client) -> None:
    path = f"/posts/{anna.post('/knowledge/new', json={'title': 'Раз', 'content': 'Один'}).json()['post']['id']}"
    save(admin, path, opened(admin, path), content="Два")
    review = path.replace("/posts/", "/knowledge/") + "/review"
    answer = anna.post(review, data={"version": "1"}, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert "changed the page while you read it" in anna.get(path, headers=HTML).text
    assert anna.post(review, json={"version": 1}).status_code == 409
