"""Fields that a status requires: named by Redmine's sentences, shown in the card."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, get_args

import httpx
import pytest

from helpdesk.errors import Conflict, HelpdeskError, Invalid, TransitionNotAllowed, sentence
from helpdesk.languages import say
from helpdesk.tasks.fields import CustomField, CustomValue, Detail, Option
from helpdesk.tasks.model import Choices, Priority, Ref, Status, Task, TaskRow
from helpdesk.web.tasks.form_fields import KINDS, REDMINE_NAMES, Speak, required
from tests.running import Helpdesk
from tests.servers.redmine import Redmine
from tests.tasks.test_redmine_details import field_rule
from tests.tasks.worlds import RedmineWorld
from tests.web.dom import parsed, sent

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WITHOUT_CONTROL = {"subject", "tracker", "is_private"}  # never empty: no status can demand them
ROOM = CustomField(11, "Кабинет", "text")
REASON = CustomField(12, "Причина", "list", (Option("Износ", "Износ"),))
MOVE = {"status_id": "3", "comment": "Готово"}
BLANK = {
    "en": {
        "description": "Description cannot be blank",
        "start_date": "Start date cannot be blank",
        "due_date": "Due date cannot be blank",
        "done_ratio": "% Done cannot be blank",
        "estimated_hours": "Estimated time cannot be blank",
        "parent": "Parent task cannot be blank",
    },
    "ru": {
        "description": "Описание не может быть пустым",
        "start_date": "Дата начала не может быть пустым",
        "due_date": "Срок завершения не может быть пустым",
        "done_ratio": "Готовность не может быть пустым",
        "estimated_hours": "Оценка временных затрат не может быть пустым",
        "parent": "Родительская задача не может быть пустым",
    },
}
ROOM_BLANK = {"en": "Кабинет cannot be blank", "ru": "Кабинет не может быть пустым"}


def a_task(*details: Detail, custom: tuple[int, ...] = (11, 12)) -> Task:
    row = TaskRow(
        7, "Принтер", Status(1, "Новая"), Priority(2, "Нормальный"), Ref(1, "Помощь"), Ref(1, "Поддержка"), None, None,
        None, NOW, NOW,
    )  # fmt: skip
    choices = Choices(details=frozenset(details or get_args(Detail)), custom=frozenset(custom))
    held = (CustomValue(ROOM, ("305",)), CustomValue(REASON))
    return Task(row, "", None, 0, None, (), (), choices, "1", custom=held)


@pytest.fixture(params=["en", "ru"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def speak(language: str) -> Speak:
    return partial(say, language)


def wanted(speak: Speak, refusal: HelpdeskError, task: Task | None = None, **typed: str) -> dict[str, tuple[str, ...]]:
    controls = required(task or a_task(), refusal, {**MOVE, **typed}, speak)
    return {control.name: control.value for control in controls}


def blank(*says: str) -> Invalid:
    return Invalid({"base": [sentence(it) for it in says]})


@pytest.mark.parametrize("detail", BLANK["en"])
def test_redmines_sentence_names_the_required_field(speak: Speak, language: str, detail: str) -> None:
    name = {"parent": "parent_id"}.get(detail, detail)
    assert list(wanted(speak, blank(BLANK[language][detail]))) == [name]


def test_every_field_that_can_be_empty_has_its_names() -> None:
    assert set(REDMINE_NAMES) == set(BLANK["en"]) == set(BLANK["ru"]) == set(KINDS) - WITHOUT_CONTROL


def test_several_required_fields_are_in_the_order_of_the_form(speak: Speak, language: str) -> None:
    says = [ROOM_BLANK[language], BLANK[language]["due_date"], BLANK[language]["description"]]
    assert list(wanted(speak, blank(*says))) == ["description", "due_date", "cf_11"]


def test_a_tracker_that_names_the_field_needs_no_sentence(speak: Speak) -> None:
    refusal = Invalid({"cf_12": [sentence("Please fill this in.")], "due_date": [sentence("Please fill this in.")]})
    assert list(wanted(speak, refusal)) == ["due_date", "cf_12"]


def test_a_required_field_holds_the_typed_value_else_the_present_one(speak: Speak, language: str) -> None:
    says = blank(ROOM_BLANK[language], BLANK[language]["due_date"])
    assert wanted(speak, says) == {"due_date": (), "cf_11": ("305",)}
    assert wanted(speak, says, cf_11="7", due_date="завтра") == {"due_date": ("завтра",), "cf_11": ("7",)}


def test_fields_required_before_are_shown_again_with_the_typed_values(speak: Speak, language: str) -> None:
    typed = {"due_date": "2027-01-31", "cf_11": ""}
    assert wanted(speak, blank(ROOM_BLANK[language]), **typed) == {"due_date": ("2027-01-31",), "cf_11": ()}
    assert wanted(speak, TransitionNotAllowed(), **typed) == {}


def test_only_writable_fields_are_required(speak: Speak, language: str) -> None:
    says = blank(ROOM_BLANK[language], BLANK[language]["due_date"], BLANK[language]["description"])
    assert list(wanted(speak, says, a_task("due_date", custom=()))) == ["due_date"]


def test_a_name_in_the_midst_of_a_sentence_is_none(speak: Speak) -> None:
    assert wanted(speak, blank("Закрыть нельзя: Кабинет занят", "Не Описание", "")) == {}


def test_only_the_refusal_of_a_status_requires_fields(speak: Speak, language: str) -> None:
    says = blank(BLANK[language]["due_date"])
    task = a_task()
    assert required(task, says, {"priority_id": "3"}, speak) == ()
    assert required(task, Conflict(task), MOVE, speak) == ()
    assert wanted(speak, TransitionNotAllowed({"status_id": [TransitionNotAllowed.default]})) == {}


# Over a real Redmine


@contextmanager
def rules(world: RedmineWorld, *fields: str) -> Iterator[None]:
    """While it lasts a resolved task must have these."""
    with field_rule(world, fields[0], "required", "Поддержка", status="resolved"):
        if fields[1:]:
            with rules(world, *fields[1:]):
                yield
        else:
            yield


@pytest.mark.parametrize("locale", ["ru", "en"])
def test_on_a_real_redmine_the_fields_that_a_status_requires_are_filled_in_and_the_task_moves(
    over_redmine: Helpdesk, redmine: Redmine, locale: str
) -> None:
    world = RedmineWorld(redmine)
    number, room, to = world.new_task(status="in_progress"), world.custom_field("Кабинет"), world.status("resolved")
    headers: dict[str, Any] = {"Accept": "text/html", "Accept-Language": locale, "HX-Request": "true"}
    headers["HX-Current-URL"] = f"{over_redmine.url}/tasks/board"
    who = {"username": "anna", "password": redmine.passwords["anna"]}
    program = httpx.Client(base_url=over_redmine.url, timeout=60)
    with closing(world.http), program as anna, rules(world, "due_date", str(room)):
        anna.post("/users/login", json=who).raise_for_status()
        anna.headers.update(headers)
        (move,) = parsed(anna.get(f"/tasks/{number}/card").text).of_class("move")
        refused = anna.post(move["action"], data={**sent(move), "status_id": str(to), "comment": "Починил."})
        assert refused.status_code == 422, refused.text
        there = parsed(refused.text)
        assert there.of_class("card")[0]["data-at"] == str(world.status("in_progress")) and not there.of_class("move")
        (form,) = there.of_class("quick")
        fields = sent(form)
        assert {it for it in fields if it.startswith("cf_") or it in KINDS} == {"due_date", f"cf_{room}"}
        assert (fields["status_id"], fields["comment"]) == (str(to), "Починил.")
        half = anna.post(form["action"], data={**fields, "due_date": "2027-01-31"})
        assert half.status_code == 422
        (form,) = parsed(half.text).of_class("quick")
        assert (sent(form)["due_date"], sent(form)[f"cf_{room}"]) == ("2027-01-31", "")
        done = anna.post(form["action"], data={**sent(form), f"cf_{room}": "305"})
        assert done.status_code == 200 and parsed(done.text).of_class("card")[0]["data-at"] == str(to), done.text
        issue = world.http.get(f"/issues/{number}.json?include=journals").json()["issue"]
    assert (issue["status"]["id"], issue["due_date"]) == (to, "2027-01-31")
    assert [it["value"] for it in issue["custom_fields"] if it["id"] == room] == ["305"]
    assert [it["notes"] for it in issue["journals"] if it["notes"]] == ["Починил."]
