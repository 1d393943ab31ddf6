"""The demo's story: the same in every run, consistent in itself, and fit to be shown."""

import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from helpdesk.demo.situation import Situation
from helpdesk.demo.situations import ALL
from helpdesk.demo.story import Task, tell
from helpdesk.demo.worktime import ZONE, ago, workday
from helpdesk.demo.world import PEOPLE, PRIORITIES, PROJECTS, ROLES, STATUSES, TRACKERS, WORKFLOW

NOW = datetime(2026, 5, 6, 14, 0, tzinfo=UTC)
STORY = tell(NOW)
CLOSED = {status.key for status in STATUSES if status.is_closed}
ROLE = {(project.key, login): role for project in PROJECTS for login, role in project.members}
PAGE = 25


def texts(task: Task) -> list[str]:
    return [task.subject, task.description, *(entry.notes for entry in task.entries if entry.notes)]


def comments(task: Task) -> int:
    return sum(bool(entry.notes) for entry in task.entries)


def situation_of(task: Task) -> str:
    """The situation whose pattern the subject follows most literally."""
    fitting = [
        (len(re.sub(r"{\w+}", "", pattern)), situation.key)
        for situation in ALL
        for _, pattern in situation.subjects
        if re.fullmatch(re.sub(r"\\{\w+\\}", ".+", re.escape(pattern)), task.subject)
    ]
    return max(fitting)[1]


def without_times(task: Task) -> tuple[object, ...]:
    moments = {"created_at", "updated_at", "closed_at", "start_date", "due_date", "entries"}
    said = tuple(entry._replace(at=NOW) for entry in task.entries)
    return (*(value for name, value in task._asdict().items() if name not in moments), said)


def test_two_runs_tell_the_same() -> None:
    assert tell(NOW) == STORY


@pytest.mark.parametrize("shift", [timedelta(hours=5), timedelta(days=3), timedelta(days=200, minutes=17)])
def test_only_times_depend_on_now(shift: timedelta) -> None:
    assert [without_times(task) for task in tell(NOW + shift)] == [without_times(task) for task in STORY]


@pytest.mark.parametrize("tasks", [0, 1, 7, 300, 900])
def test_as_many_tasks_as_asked_for_with_no_subject_twice(tasks: int) -> None:
    subjects = [task.subject for task in tell(NOW, tasks)]
    assert len(subjects) == tasks
    assert len(set(subjects)) == tasks


def test_keys_are_those_of_the_world() -> None:
    assert {task.project for task in STORY} == {project.key for project in PROJECTS}
    assert {task.tracker for task in STORY} == {tracker.key for tracker in TRACKERS}
    assert {task.status for task in STORY} == {status.key for status in STATUSES}
    assert {task.priority for task in STORY} == {priority.key for priority in PRIORITIES}
    assert {task.author for task in STORY} == {"admin", "anna", "boris", "irina"}


def test_tasks_are_in_order_of_registration() -> None:
    created = [task.created_at for task in STORY]
    assert created == sorted(created)


@pytest.mark.parametrize("hour", range(0, 24, 6))
@pytest.mark.parametrize("day", range(7))
def test_everything_happens_within_120_days_in_working_hours(day: int, hour: int) -> None:
    now = datetime(2026, 5, 4, hour, tzinfo=UTC) + timedelta(days=day)
    for task in tell(now):
        for at in (task.created_at, *(entry.at for entry in task.entries)):
            assert now - timedelta(days=120) < at <= now
            assert at.utcoffset() == timedelta(0)
            assert at.astimezone(ZONE).weekday() < 5
            assert 9 <= at.astimezone(ZONE).hour < 18


def test_history_is_in_order_of_time() -> None:
    for task in STORY:
        moments = [task.created_at, *(entry.at for entry in task.entries)]
        assert all(before < after for before, after in pairwise(moments))
        assert task.updated_at == moments[-1]


@pytest.mark.parametrize("field", ["status", "priority", "assignee"])
def test_changes_lead_to_the_present_state(field: str) -> None:
    for task in STORY:
        changes = [change for entry in task.entries for change in entry.changes if change.field == field]
        assert all(change.old != change.new for change in changes)
        assert all(before.new == after.old for before, after in pairwise(changes))
        assert not changes or changes[-1].new == getattr(task, field)


def test_every_task_began_as_new() -> None:
    for task in STORY:
        changes = [change for entry in task.entries for change in entry.changes if change.field == "status"]
        assert (changes[0].old if changes else task.status) == "new"


def test_every_entry_says_or_changes_something() -> None:
    assert all(entry.notes or entry.changes for task in STORY for entry in task.entries)


def test_authors_of_entries_are_members_of_the_project() -> None:
    assert all((task.project, entry.author) in ROLE for task in STORY for entry in task.entries)


def test_authors_of_tasks_are_members_or_the_administrator() -> None:
    assert all(task.author == "admin" or (task.project, task.author) in ROLE for task in STORY)


def test_workflow_allows_each_status_change_to_its_author() -> None:
    for task in STORY:
        for entry in task.entries:
            for change in entry.changes:
                if change.field == "status":
                    role = ROLE[task.project, entry.author]
                    assert change.new in WORKFLOW[role].get(str(change.old), ())


def test_only_assignable_people_are_assigned() -> None:
    assignable = {role.key for role in ROLES if "assignable" in role.permissions}
    assert all(task.assignee is None or ROLE[task.project, task.assignee] in assignable for task in STORY)


def test_requesters_only_comment_on_what_they_asked_for() -> None:
    for task in STORY:
        for entry in task.entries:
            if ROLE[task.project, entry.author] == "requester":
                assert task.author == entry.author
                assert all(change.field == "status" for change in entry.changes)


def test_private_comments_are_of_the_support() -> None:
    private = [(task, entry) for task in STORY for entry in task.entries if entry.private]
    assert len(private) > 20
    assert all(ROLE[task.project, entry.author] == "support" for task, entry in private)


def test_closed_tasks_and_only_they_have_a_closing_moment() -> None:
    for task in STORY:
        assert (task.closed_at is not None) == (task.status in CLOSED)
        closings = [entry.at for entry in task.entries for change in entry.changes if change.new in CLOSED]
        assert task.closed_at is None or task.closed_at == closings[-1]


def test_dates_and_progress_make_sense() -> None:
    done = {"new": {0}, "rejected": {0}, "resolved": {100}, "closed": {100}}
    for task in STORY:
        assert task.done_ratio in done.get(task.status, set(range(0, 81, 10)))
        assert task.due_date is None or task.due_date >= (task.start_date or task.created_at.date())
        assert task.start_date is None or task.start_date >= task.created_at.date()


def test_a_few_open_tasks_are_overdue() -> None:
    due = [task.due_date for task in STORY if task.due_date and task.status not in CLOSED]
    assert len(due) > 20
    assert 3 <= sum(day < NOW.date() for day in due) <= 15


def test_shares_are_those_of_a_living_helpdesk() -> None:
    opened = [task for task in STORY if task.status not in CLOSED]
    assert 140 <= len(opened) <= 160
    annas = Counter(task.status for task in opened if task.assignee == "anna")
    assert annas.total() >= 50
    assert set(annas) == {status.key for status in STATUSES} - CLOSED
    assignees = Counter(task.assignee for task in STORY)
    assert 110 <= assignees["anna"] <= 130
    assert 110 <= assignees["boris"] <= 130
    assert 50 <= sum(task.author == "irina" for task in STORY) <= 70


def test_comments_are_up_to_eight_and_about_three() -> None:
    for now in (NOW, NOW + timedelta(days=1)):
        counts = [comments(task) for task in tell(now)]
        assert max(counts) <= 8
        assert 2.5 <= sum(counts) / len(counts) <= 3.5


def test_staff_name_the_colleague_they_register_for() -> None:
    name = re.compile(r"[А-ЯЁ][а-яё]+ [А-ЯЁ][а-яё]{2,}")
    assert all(name.search(task.description) for task in STORY if task.author != "irina")


def test_no_situation_comes_twice_on_a_page() -> None:
    situations = [situation_of(task) for task in STORY]
    assert len(set(situations)) >= 60
    for start in range(len(situations) - PAGE + 1):
        assert len(set(situations[start : start + PAGE])) == PAGE


def test_no_description_comes_twice_on_a_page() -> None:
    for start in range(len(STORY) - PAGE + 1):
        page = [task.description for task in STORY[start : start + PAGE]]
        assert len(set(page)) == PAGE


def test_texts_are_russian_and_leave_no_slot_open() -> None:
    for task in STORY:
        for text in texts(task):
            prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
            letters = [letter for letter in prose if letter.isalpha()]
            russian = sum("а" <= letter.lower() <= "я" or letter.lower() == "ё" for letter in letters)
            assert russian > 0.7 * len(letters), text
            assert not re.search(r"[{}]|  |\bNone\b| [,.]|\.\.|,,", prose), text
            assert text == text.strip()
            assert text[0].upper() == text[0]


def test_links_point_to_earlier_tasks_alike() -> None:
    links = 0
    for number, task in enumerate(STORY, 1):
        for text in texts(task):
            for found in re.findall(r"#(\d+)", text):
                links += 1
                assert 1 <= int(found) < number
                assert situation_of(STORY[int(found) - 1]) == situation_of(task)
    assert links > 20


def test_some_texts_are_long_and_some_hold_a_table_code_and_lists() -> None:
    descriptions = [task.description for task in STORY]
    assert any(len(text) > 800 for text in descriptions)
    assert any("\n|---|" in text for text in descriptions)
    assert any("```" in text for text in descriptions)
    assert sum("\n- " in text or "\n1. " in text for text in descriptions) > 10


@pytest.mark.parametrize("situation", ALL, ids=lambda situation: situation.key)
def test_each_course_of_a_situation_has_its_texts(situation: Situation) -> None:
    for course in (1, 2):
        assert any(which == course for which, _ in situation.subjects)
        assert any(which in (0, course) for which, _ in situation.work)
        assert any(which in (0, course) for which, _ in situation.fixes)


def test_addresses_are_of_nobody() -> None:
    assert all(person.email.endswith("@example.test") for person in PEOPLE)
    assert not any(re.search(r"https?:|@|\+7", text) for task in STORY for text in texts(task))


def test_telling_takes_well_under_a_second() -> None:
    began = time.process_time()
    tell(NOW)
    assert time.process_time() - began < 0.5


def test_working_time_skips_nights_and_weekends() -> None:
    monday = datetime(2026, 5, 4, 6, 30, tzinfo=UTC)  # half past nine where the company is
    assert ago(monday, 30) == datetime(2026, 5, 4, 6, 0, tzinfo=UTC)
    assert ago(monday, 31) == datetime(2026, 5, 1, 14, 59, tzinfo=UTC)
    assert workday(monday.date(), -6) == datetime(2026, 4, 24).date()
    assert workday(datetime(2026, 5, 9).date(), 1) == datetime(2026, 5, 11).date()
