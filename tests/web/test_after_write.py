"""What happens after a write never hides that it was done."""

import ast
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.errors import StoreUnavailable
from helpdesk.store import idempotency, reply_templates
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.tasks.embedded.backend import EmbeddedBackend
from helpdesk.web.tasks import schemas as task_schemas
from tests.web.conftest import HTML, HTMX, Client, Visit, notes
from tests.world import PEOPLE_IDS, STATUS_IDS, EmbeddedWorld

WEB = Path(__file__).parent.parent.parent / "helpdesk" / "web"
VERBS = {"change", "change_all", "comment", "create", "delete", "edit_comment", "watch"}
NOT_WHAT_WAS_WISHED = {
    "accounts/codes",
    "accounts/login_limit",
    "core/after_write",
    "edge/idempotency",
    "edge/request_metrics",
    "core/session",
    "drafts/service",
    "notifications/mark_read:_read_of_page",
    "feeds/feed:read",
    "leaving/hand_over:_run",
    "notifications/views",
    "people/presence",
    "posts/files",
    "posts/reading:_note_read",
}
"""Modules and functions whose writes are not the wish of a request: keys, drafts, attempts, codes, sessions, and marks
of what was read on the way, as by opening a task; leases, numbers, who was here, and files before their post is saved
or after it let them go."""


def down(*_: object, **__: object) -> None:
    raise StoreUnavailable("down for a moment")


def broken(*_: object, **__: object) -> None:
    raise RuntimeError("a fault of ours")


@pytest.mark.parametrize(
    ("headers", "place", "name"),
    [(HTMX, reply_templates, "names"), ({}, task_schemas, "comment")],
    ids=["a fragment without its store", "JSON with a fault of ours"],
)
@pytest.mark.parametrize("fails", [down, broken])
def test_a_failure_after_the_write_says_that_it_was_saved(
    anna: Client,
    number: int,
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    place: object,
    name: str,
    fails: object,
) -> None:
    address = f"/tasks/{number}/comments"
    for form in ({"comment": "без ключа"}, {"comment": "с ключом", "idempotency_key": "k"}):
        with monkeypatch.context() as moment:
            moment.setattr(place, name, fails)
            answer = anna.post(address, data=form, headers={"Accept-Language": "en", **headers})
        assert answer.status_code == 200 and "It was saved" in answer.text
        assert form["comment"] in notes(anna, number)
    again = anna.post(address, data=form, headers={"Accept-Language": "en", **headers})
    assert (again.status_code, again.text) == (200, answer.text)
    assert notes(anna, number) == ["без ключа", "с ключом"]


def test_a_page_after_a_write_that_fails_says_that_it_was_saved(
    anna: Client, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpdesk.web.core.navigation.remember_list", broken)
    form = {"task_id": number, "comment": "всем", "next": "/tasks"}
    answer = anna.post("/tasks/bulk", data=form, headers={**HTML, "Referer": "http://testserver/tasks"})
    assert answer.status_code == 200 and "<h1>Saved</h1>" in answer.text and 'href="/tasks"' in answer.text
    assert notes(anna, number) == ["всем"]


def test_an_answer_that_could_not_be_kept_is_given_all_the_same_and_again(
    anna: Client, number: int, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/tasks/api/task/{number}/comments"
    sent = {"json": {"comment": "раз"}, "headers": {"Idempotency-Key": "k"}}
    with monkeypatch.context() as moment:
        moment.setattr(idempotency, "keep", down)
        first = anna.post(address, **sent)
        assert first.status_code == 201 and anna.post(address, **sent).text == first.text
    other = anna.post(address, json={"comment": "два"}, headers={"Idempotency-Key": "l"})
    assert other.status_code == 201  # and with that claim the store takes what it did not take then
    elsewhere = visit("anna").post(address, **sent)  # another process, which remembers nothing
    assert (elsewhere.status_code, elsewhere.text) == (201, first.text)
    assert notes(anna, number) == ["раз", "два"]


@pytest.mark.parametrize("fails_to_release", [False, True])
def test_a_key_is_free_again_when_nothing_was_written(
    anna: Client, number: int, monkeypatch: pytest.MonkeyPatch, fails_to_release: bool
) -> None:
    address = f"/tasks/api/task/{number}/comments"
    sent = {"json": {"comment": "раз"}, "headers": {"Idempotency-Key": "k"}}
    with monkeypatch.context() as moment:
        moment.setattr(EmbeddedBackend, "comment", down)
        if fails_to_release:
            moment.setattr(idempotency, "release", down)
        refused = anna.post(address, **sent)
        assert refused.status_code == 503 and refused.headers["retry-after"]
        assert "Nothing was saved" in refused.json()["message"]
    assert anna.post(address, **sent).status_code == 201 and notes(anna, number) == ["раз"]


@pytest.mark.parametrize(
    ("address", "form"),
    [("/notifications/mute/task/{}", {"muted": "1"}), ("/tasks/bulk", {"task_id": "{}", "comment": "всем"})],
)
def test_a_store_that_was_down_leaves_no_key_behind(
    anna: Client, number: int, monkeypatch: pytest.MonkeyPatch, address: str, form: dict[str, str]
) -> None:
    sent = {name: value.format(number) for name, value in form.items()} | {"idempotency_key": "k"}
    with monkeypatch.context() as moment:
        moment.setattr(EmbeddedBackend, "change", down)
        moment.setattr("helpdesk.store.preferences.change", down)
        first = anna.post(address.format(number), data=sent)
    again = anna.post(address.format(number), data=sent)
    assert again.status_code == 200 and again.json()["success"] is True and again.text != first.text
    assert again.json().get("failed_count", 0) == 0


def test_a_key_that_could_not_be_freed_lets_one_of_many_write(
    anna: Client, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, headers = f"/tasks/api/task/{number}/comments", {"Idempotency-Key": "k"}
    with monkeypatch.context() as moment:
        moment.setattr(EmbeddedBackend, "comment", down)
        moment.setattr(idempotency, "release", down)
        assert anna.post(address, json={"comment": "раз"}, headers=headers).status_code == 503
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(anna.post, address, json={"comment": "раз"}, headers=headers) for _ in range(8)]
        assert {each.result().status_code for each in sent} == {201}
    assert notes(anna, number) == ["раз"]


@pytest.mark.parametrize("fails", [down, broken])
def test_an_answer_that_cannot_be_kept_stops_no_other_write(
    anna: Client, number: int, monkeypatch: pytest.MonkeyPatch, fails: Callable[..., None]
) -> None:
    real = idempotency.keep

    def keep(session: Session, key: idempotency.Key, *rest: object) -> None:
        (fails if key.key == "bad" else real)(session, key, *rest)

    monkeypatch.setattr(idempotency, "keep", keep)
    for key in ("bad", "good", "bad", "better"):
        sent = {"json": {"comment": key}, "headers": {"Idempotency-Key": key}}
        assert anna.post(f"/tasks/api/task/{number}/comments", **sent).status_code == 201, key
    assert notes(anna, number) == ["bad", "good", "better"]


def test_a_claim_that_fails_leaves_open_what_an_earlier_press_did(
    anna: Client, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "claim", down)
    sent = {"json": {"comment": "раз"}, "headers": {"Idempotency-Key": "k"}}
    refused = anna.post(f"/tasks/api/task/{number}/comments", **sent)
    assert refused.status_code == 503 and "saved" not in refused.json()["message"]


def test_a_time_out_within_a_write_says_nothing_of_saving(
    visit: Visit, embedded: EmbeddedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*_: object) -> None:
        raise TimeoutError

    number, anna = embedded.new_task(), visit("anna")
    monkeypatch.setattr(EmbeddedBackend, "comment", late)
    refused = anna.post(f"/tasks/api/task/{number}/comments", json={"comment": "раз"})
    assert refused.status_code == 500 and "saved" not in refused.json()["message"]


def test_a_task_is_deleted_even_when_its_files_can_not_be_removed(
    visit: Visit, embedded: EmbeddedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise OSError("read-only file system")

    monkeypatch.setattr("helpdesk.store.blobs.Blobs.delete", fails)
    number = embedded.new_task()
    assert visit("admin").delete(f"/tasks/api/task/{number}").status_code == 200
    assert visit("admin").get(f"/tasks/api/task/{number}").status_code == 404


def test_a_write_with_an_unknown_outcome_is_neither_repeated_nor_waited_for(
    anna: Client, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault within the write: what the key was used for may be done or not."""
    sent = {"json": {"comment": "раз"}, "headers": {"Idempotency-Key": "k"}}
    monkeypatch.setattr("helpdesk.web.edge.idempotency.asyncio.sleep", broken)
    with monkeypatch.context() as moment:
        moment.setattr(EmbeddedBackend, "comment", broken)
        assert anna.post(f"/tasks/api/task/{number}/comments", **sent).status_code == 500
    again = anna.post(f"/tasks/api/task/{number}/comments", **sent)
    assert (again.status_code, again.json()["error"]) == (503, "unsure") and notes(anna, number) == []


@pytest.mark.parametrize("headers", [HTML, HTMX, {}], ids=["page", "htmx", "program"])
def test_giving_away_a_task_that_one_no_longer_sees_says_that_it_was_saved(
    visit: Visit, embedded: EmbeddedWorld, database: Database, headers: dict[str, str]
) -> None:
    own_alone = sa.update(tables.Role).where(tables.Role.id == 1).values(permissions="edit comment assignable")
    first, second = (embedded.new_task(assignee="boris") for _ in range(2))
    database.run_here(lambda db: db.execute(own_alone), writes=True)
    boris, anna = visit("boris"), PEOPLE_IDS["anna"]
    form = {"assignee_id": anna, "idempotency_key": "k"}
    for _ in range(2):
        answer = boris.post(f"/tasks/{first}/assignee", data=form, headers={"Accept-Language": "en", **headers})
        assert answer.status_code == 200 and "It was saved. You do not see this task any more." in answer.text
    assert boris.get(f"/tasks/api/task/{first}").status_code == 404
    told = boris.put("/tasks/api/tasks/bulk", json={"updates": [{"task_id": second, "assignee_id": anna}]}).json()
    assert (told["successful_count"], told["failed_count"]) == (1, 0)
    for number in (first, second):
        assert visit("admin").get(f"/tasks/api/task/{number}").json()["assignee"]["id"] == anna


def test_reading_a_page_says_nothing_of_saving(anna: Client, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EmbeddedBackend, "task", down)
    monkeypatch.setattr(EmbeddedBackend, "change", down)
    page = anna.get(f"/tasks/{number}", headers=HTML)
    note = page.text.split('<section class="note">')[1].split("</section>")[0]
    assert page.status_code == 503 and "does not answer" in note and "saved" not in note
    form = {"status_id": STATUS_IDS["in_progress"]}
    assert "Nothing was saved" in anna.post(f"/tasks/{number}/status", data=form, headers=HTMX).text


def within(tree: ast.Module, function: str) -> set[int]:
    """What stands in the arguments of calls of a function."""
    return {
        id(node)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == function
        for node in ast.walk(call)
    }


def name(file: Path) -> str:
    return file.relative_to(WEB).with_suffix("").as_posix()


@pytest.mark.parametrize("file", sorted(WEB.rglob("*.py")), ids=name)
def test_every_requested_write_goes_through_saved_and_one_to_the_backend_is_recorded(file: Path) -> None:
    if name(file) in NOT_WHAT_WAS_WISHED:
        return
    tree = ast.parse(file.read_text())
    tree.body = [it for it in tree.body if f"{name(file)}:{getattr(it, 'name', '')}" not in NOT_WHAT_WAS_WISHED]
    recorded = within(tree, "recorded")
    noted = recorded | within(tree, "saved")
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        by_tracker = call.func.attr in VERBS and ast.unparse(call.func.value).endswith(("tracker", "backend"))
        to_store = any(word.arg == "writes" for word in call.keywords)
        assert not (by_tracker or to_store) or id(call) in noted, f"{name(file)}:{call.lineno}"
        assert not by_tracker or call.func.attr == "create" or id(call) in recorded, f"{name(file)}:{call.lineno}"
