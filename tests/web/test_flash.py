"""A write without scripts is said on the next page, once."""

from collections.abc import Mapping
from secrets import token_urlsafe

import pytest

from helpdesk.errors import sentence
from helpdesk.web.core.flash import LONGEST
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import PRIORITY_IDS, STATUS_IDS, EmbeddedWorld

TOAST = '<div class="toast good" data-toast>'
RUSSIAN = {**HTML, "Accept-Language": "ru"}


def said(client: Client, address: str, headers: Mapping[str, str] = HTML) -> str:
    """Return the message of the page at an address, empty for none."""
    page = client.get(address, headers=headers, follow_redirects=True).text
    return page.partition(TOAST)[2].partition("<p>")[2].partition("</p>")[0]


@pytest.fixture
def task(embedded: EmbeddedWorld) -> str:
    return f"/tasks/{embedded.new_task()}"


WRITES = {
    "status": ("{task}/status", {"status_id": STATUS_IDS["in_progress"]}, "The status was changed."),
    "priority": ("{task}/priority", {"priority_id": PRIORITY_IDS["high"]}, "The priority was changed."),
    "assignee": ("{task}/assignee", {"assignee_id": ""}, "The assignee was changed."),
    "the value that it has": (
        "{task}/status",
        {"status_id": STATUS_IDS["new"]},
        "Nothing was changed: that is its value already.",
    ),
    "comment": ("{task}/comments", {"comment": "Готово"}, "The comment was added."),
    "watching": ("{task}/watch", {"watching": "1"}, "You watch this task."),
    "card": ("{task}/status", {"status_id": STATUS_IDS["in_progress"], "view": "card"}, "The status was changed."),
    "row": ("{task}/row", {"priority_id": PRIORITY_IDS["high"]}, "The task was changed."),
    "a new task": ("/tasks/new", {"subject": "Мышь", "project_id": 1, "tracker_id": 1}, "The task was created."),
    "view": ("/views", {"name": "Мои", "address": "/tasks/my-tasks?status_id=1"}, "The view was saved."),
    "reply": ("/replies", {"name": "Привет", "text": "Здравствуйте!"}, "The reply template was saved."),
    "colours": ("/preferences", {"theme": "dark"}, "Your choice was saved."),
    "rail": ("/preferences", {"rail": "folded"}, "Your choice was saved."),
    "notifications": ("/notifications/preferences", {"sound_high": "knock"}, "Your choice was saved."),
    "muting": (
        "/notifications/mute/project/1",
        {"muted": "1"},
        "You will hear of this project only when somebody turns to you.",
    ),
    "reading": ("/notifications/read", {}, "All notifications were marked as read."),
    "folding": ("/tasks/board/fold", {"status_id": 1, "folded": "1"}, "Your choice was saved."),
    "columns of lists": ("/tasks/layout", {"columns": "author"}, "Your choice was saved."),
    "hints": ("/users/hints", {"closed": "move"}, "The hint is closed. Your menu shows all hints again."),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_write_is_said_on_the_next_page_and_not_again(anna: Client, task: str, name: str) -> None:
    path, form, message = WRITES[name]
    answer = anna.post(path.format(task=task), data=form, headers=HTML)
    assert answer.status_code == 303
    address = answer.headers["location"].partition("#")[0]
    assert said(anna, address) == message
    assert said(anna, address) == ""


def test_deleting_is_said(visit: Visit, task: str) -> None:
    admin = visit("admin")
    admin.post(f"{task}/delete", headers=HTML)
    assert said(admin, "/tasks") == "The task was deleted."


def test_a_file_is_said(anna: Client, task: str) -> None:
    anna.post(f"{task}/attachments", files={"files": ("план.txt", b"1")}, headers=HTML)
    assert said(anna, task) == "The files were added."


def test_a_comment_that_was_changed_is_said(anna: Client, task: str) -> None:
    anna.post(f"{task}/comments", data={"comment": "Да"}, headers=HTML)
    said(anna, task)
    entry = anna.get(task.replace("/tasks", "/tasks/api/task") + "/history").json()["history"][-1]["id"]
    anna.post(f"{task}/comments/{entry}", data={"comment": "Нет"}, headers=HTML)
    assert said(anna, task) == "The comment was changed."


def test_a_draft_that_was_thrown_away_is_said(anna: Client, task: str) -> None:
    anna.post(f"/drafts/task:{task.rpartition('/')[2]}:comments/discard", headers=HTML)
    assert said(anna, task) == "The draft was thrown away."


def test_a_view_that_is_renamed_or_deleted_is_said(anna: Client) -> None:
    anna.post("/views", data={"name": "Мои", "address": "/tasks"}, headers=HTML)
    anna.post("/views/1", data={"name": "Наши"}, headers=HTML)
    assert said(anna, "/views") == "The view was changed."
    anna.post("/views/1/delete", headers=HTML)
    assert said(anna, "/views") == "The view was deleted."


def test_signing_out_is_said_on_the_sign_in_page(anna: Client) -> None:
    anna.post("/users/logout", headers=HTML)
    assert said(anna, "/users/login") == "You have signed out."
    assert said(anna, "/users/login") == ""


def test_the_message_is_in_the_language_of_its_page(anna: Client, task: str) -> None:
    """For the write may have been the choice of another language."""
    anna.post(f"{task}/comments", data={"comment": "Да"}, headers=HTML)
    assert said(anna, task, RUSSIAN) == "Комментарий добавлен."


def test_no_cache_keeps_the_page_with_the_message_and_its_tag_is_no_other(anna: Client, task: str) -> None:
    before = anna.get(task, headers=HTML)
    anna.post("/preferences", data={"locale": "en"}, headers={**HTML, "Referer": f"http://testserver{task}"})
    page = anna.get(task, headers=HTML | {"If-None-Match": before.headers["etag"]})
    assert page.status_code == 200 and TOAST in page.text and "etag" not in page.headers
    assert page.headers["cache-control"] == "private, no-store"
    after = anna.get(task, headers=HTML)
    assert after.headers["cache-control"] == "private, no-cache"
    assert after.headers["etag"].split("-")[0] == before.headers["etag"].split("-")[0]


@pytest.mark.parametrize(
    "headers",
    [
        HTMX,
        {"Accept": "application/json"},
        HTML | {"Sec-Purpose": "prefetch;prerender"},
        HTML | {"Purpose": "prefetch"},
        HTML | {"Sec-Fetch-Dest": "empty"},
    ],
    ids=["a fragment", "a program", "a page fetched beforehand", "an old browser's", "a page that a script fetches"],
)
def test_the_message_waits_for_a_page_that_somebody_sees(anna: Client, task: str, headers: dict[str, str]) -> None:
    anna.post(f"{task}/comments", data={"comment": "Да"}, headers=HTML)
    assert TOAST not in anna.get(task, headers=headers).text
    assert said(anna, task) == "The comment was added."


def test_a_page_that_a_browser_opens_shows_the_message(anna: Client, task: str) -> None:
    anna.post(f"{task}/comments", data={"comment": "Да"}, headers=HTML)
    assert said(anna, task, HTML | {"Sec-Fetch-Dest": "document"}) == "The comment was added."


def test_scripts_get_the_message_in_the_answer_alone(anna: Client, task: str) -> None:
    answer = anna.post(f"{task}/comments", data={"comment": "Да"}, headers=HTMX)
    assert "The comment was added." in answer.text and said(anna, task) == ""


@pytest.mark.parametrize("cookie", ["", "x", "WyJoaSIse31d.aaaa.bbbb", '"\\"'])
def test_a_made_up_message_is_not_shown(anna: Client, cookie: str) -> None:
    anna.cookies.set("flash", cookie)
    page = anna.get("/tasks/my-tasks", headers=HTML)
    assert page.status_code == 200 and TOAST not in page.text


def test_a_name_in_a_message_is_text(anna: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = sentence("Moved: %(status)s.", status=sentence("%(of)s", of="<b>"))
    monkeypatch.setattr("helpdesk.web.core.flash.CHOICE_SAVED", moved)
    anna.post("/preferences", data={"theme": "dark"}, headers=HTML)
    assert "&lt;b&gt;" in said(anna, "/tasks/my-tasks")


def test_a_message_too_long_for_a_cookie_is_dropped(anna: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helpdesk.web.core.flash.CHOICE_SAVED", sentence(token_urlsafe(LONGEST)))
    answer = anna.post("/preferences", data={"theme": "dark"}, headers=HTML)
    assert answer.status_code == 303 and "flash=" not in answer.headers["set-cookie"]


def test_an_unknown_address_keeps_the_navigation_of_somebody_signed_in(anna: Client, visit: Visit) -> None:
    page = anna.get("/nowhere", headers=HTML)
    assert page.status_code == 404 and '<nav class="rail"' in page.text and "Анна" in page.text
    page = visit().get("/nowhere", headers=HTML)
    assert page.status_code == 404 and '<nav class="rail"' not in page.text
