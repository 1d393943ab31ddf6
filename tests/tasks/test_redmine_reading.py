"""Redmine's JSON in our words, our filters in Redmine's, what roles permit, and a tracker that is fed noise."""

import asyncio
import json
from copy import deepcopy
from datetime import date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.errors import BadResponse, HelpdeskError, Invalid
from helpdesk.redmine_client import RedmineClient
from helpdesk.tasks.fields import CustomField
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor, FieldChange, Member, Priority
from helpdesk.tasks.projects import ProjectMember
from helpdesk.tasks.redmine.allowed_actions import Rights
from helpdesk.tasks.redmine.backend import RedmineBackend
from helpdesk.tasks.redmine.rest import custom_fields, json_mapper, payloads, query_params
from helpdesk.tasks.redmine.rest.json_mapper import links
from helpdesk.tasks.redmine.rest.user_cache import Me, rights, to_me
from tests.servers.imitated_redmine import ANNA, ISSUE, ME, ImitatedRedmine, Request
from tests.soak import examples

NAMES = json_mapper.Names(
    by_field={"status": {"1": "New", "2": "Started"}, "assignee": {"5": "Anna Test"}},
    custom_fields={1: CustomField(1, "Room")},
)
TEXTS = st.text() | st.text(alphabet="&=[];%+# \t\r\n\0'\"\\<>ё😀aDf", max_size=40)
NOISE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "name", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def sent(query: TaskQuery) -> list[tuple[str, str]]:
    """The filters as Redmine's server reads them off the address."""
    asked = list(query_params.params(query_params.filters(query), query.per_page, query.offset))
    request = httpx.Request("GET", "http://redmine.test/issues.json", params=asked)
    return parse_qsl(request.url.query.decode(), keep_blank_values=True, strict_parsing=True)


@given(TEXTS)
def test_any_search_arrives_as_exactly_one_value_and_no_other_filter_with_it(search: str) -> None:
    query, plain = TaskQuery(search=search), sent(TaskQuery())
    if query.wanted_id is not None or not search.strip():
        return
    extra = [("f[]", "subject"), ("op[subject]", "~"), ("v[subject][]", " ".join(search.split()))]
    assert sorted(sent(query)) == sorted(plain + extra)


@pytest.mark.parametrize("search", ["", " ", "\t\n", "\u00a0"])
def test_a_blank_search_is_none(search: str) -> None:
    assert sent(TaskQuery(search=search)) == sent(TaskQuery())


@pytest.mark.parametrize("search", ["#7", "#0007", "＃７"])
def test_a_number_asks_for_that_task_open_or_closed_whosever_it_is(search: str) -> None:
    asked = sent(TaskQuery(search=search, project_ids=(8,), authors=("me",)))
    assert {value for name, value in asked if name == "f[]"} == {"issue_id", "status_id", "project_id"}
    assert {("v[issue_id][]", "7"), ("op[status_id]", "*")} <= set(asked)
    assert ("v[issue_id][]", "0") in sent(TaskQuery(search=search, task_ids=(8,)))


@pytest.mark.parametrize("search", ["7", "0007", " 7 ", "７"])
def test_digits_ask_for_texts_and_for_that_task_by_itself(search: str) -> None:
    query = TaskQuery(search=search, authors=("me",), priority_ids=(4,))
    asked, alone = sent(query), query_params.by_number(query)
    assert ("v[subject][]", search.strip().replace("７", "7")) in asked and ("op[status_id]", "*") in asked
    assert alone and {("v[issue_id][]", "7"), ("v[priority_id][]", "4")} <= set(sent(alone))
    assert "author_id" not in {value for name, value in sent(alone) if name == "f[]"}
    assert query_params.by_number(query._replace(task_ids=(8,))) is None


def test_filters_name_the_person_the_state_and_every_chosen_id() -> None:
    asked = sent(TaskQuery(authors=("me",), status_ids=(1, 2), priority_ids=(4,), page=3, per_page=10, sort="subject"))
    assert [value for name, value in asked if name == "v[status_id][]"] == ["1", "2"]
    assert [value for name, value in asked if name == "v[author_id][]"] == ["me"]
    assert {("op[author_id]", "="), ("op[status_id]", "="), ("v[priority_id][]", "4")} <= set(asked)
    assert [value for name, value in sent(TaskQuery(assignees=("me", 5))) if name == "v[assigned_to_id][]"] == [
        "me",
        "5",
    ]
    assert {("limit", "10"), ("offset", "20"), ("sort", "subject:desc,id:desc")} <= set(asked)
    assert ("op[status_id]", "o") in sent(TaskQuery())
    assert ("op[status_id]", "*") in sent(TaskQuery(include_closed=True))


def test_nobody_days_and_trackers_are_asked_for_in_redmines_words() -> None:
    at = datetime(2026, 11, 20, 21, 0, tzinfo=timezone(timedelta(hours=3)))
    asked = sent(TaskQuery(assignees=("nobody",), tracker_ids=(9,), updated_since=at, due_by=date(2026, 12, 1)))
    assert {("op[assigned_to_id]", "!*"), ("v[tracker_id][]", "9"), ("v[due_date][]", "2026-12-01")} <= set(asked)
    assert {("op[updated_on]", ">="), ("v[updated_on][]", "2026-11-20T18:00:00Z")} <= set(asked)
    with pytest.raises(Invalid):
        sent(TaskQuery(assignees=("nobody", "me")))


@pytest.mark.parametrize(
    ("kind", "name", "old", "new", "told"),
    [
        ("attr", "status_id", "1", "2", FieldChange("status", "New", "Started")),
        ("attr", "status_id", "1", "99", FieldChange("status", "New", "#99")),
        ("attr", "assigned_to_id", None, "5", FieldChange("assignee", None, "Anna Test")),
        ("attr", "assigned_to_id", "7", "", FieldChange("assignee", "#7", None)),
        ("attr", "subject", "Chair", "Table", FieldChange("subject", "Chair", "Table")),
        ("attr", "done_ratio", "0", "50", FieldChange("done_ratio", "0", "50")),
        ("attr", "description", "long before", "long after", FieldChange("description", None, None)),
        ("cf", "1", "214", "", FieldChange("custom_field", "214", None, "Room")),
        ("cf", "9", None, "x", FieldChange("custom_field", None, "x", "#9")),
        ("attachment", "3", None, "chair.png", FieldChange("attachment", None, "chair.png")),
        ("attachment", "3", "chair.png", None, FieldChange("attachment", "chair.png", None)),
        ("relation", "relates", None, "12", FieldChange("relation", None, "12")),
    ],
)
def test_a_detail_of_a_journal_is_shown_in_words(
    kind: str, name: str, old: str | None, new: str | None, told: FieldChange
) -> None:
    detail = {"property": kind, "name": name, "old_value": old, "new_value": new}
    assert json_mapper.change(detail, NAMES) == told


def test_a_journal_keeps_its_privacy_and_plain_line_ends() -> None:
    journal = {"id": 1, "created_on": "2026-11-20T10:00:00Z", "notes": "a\r\nb", "private_notes": True}
    entry = json_mapper.entry(journal, NAMES)
    assert (entry.notes, entry.private, entry.author, entry.changes) == ("a\nb", True, None, ())


def test_the_people_of_a_history_are_those_whom_changes_of_the_assignee_name() -> None:
    details = [
        {"property": "attr", "name": "assigned_to_id", "old_value": "5", "new_value": None},
        {"property": "attr", "name": "status_id", "old_value": "1", "new_value": "2"},
        {"property": "attr", "name": "assigned_to_id", "old_value": None, "new_value": "7"},
    ]
    assert json_mapper.values_of("assigned_to_id", [{"details": details}, {}]) == {"5", "7"}


def test_a_row_takes_the_rank_of_its_priority_and_the_middle_one_for_an_unknown() -> None:
    issue = ImitatedRedmine().issue
    assert json_mapper.row(issue, [Priority(4, "Normal", 3)]).priority == Priority(4, "Normal", 3)
    assert json_mapper.row(issue, []).priority.rank == 1
    assert json_mapper.row(issue | {"assigned_to": None, "author": None}, []).assignee is None


@pytest.mark.parametrize("told", ["2026-11-20T10:00:00", "2026-11-20"])
def test_a_time_without_its_zone_makes_no_sense(told: str) -> None:
    with pytest.raises(BadResponse):
        json_mapper.moment(told)


WRONG_ISSUES: list[dict[str, Any]] = [
    {"id": "7"},
    {"id": None},
    {"subject": None},
    {"subject": 5},
    {"status": None},
    {"status": {"id": 1}},
    {"priority": []},
    {"project": {"id": True, "name": "Office"}},
    {"tracker": "Support"},
    {"author": 5},
    {"assigned_to": {"id": "5", "name": "Anna"}},
    {"created_on": None},
    {"updated_on": "yesterday"},
    {"due_date": "20.11.2026"},
    {"done_ratio": "50"},
    {"journals": None},
    {"journals": [None]},
    {"journals": [{"id": 1}]},
    {"attachments": None},
    {"attachments": [{"id": 1, "filename": "x", "filesize": "10"}]},
    {"allowed_statuses": None},
    {"custom_fields": None},
]


def backend_over(redmine: ImitatedRedmine) -> RedmineBackend:
    """The imitation's healthy answers without a socket, for tests that ask thousands of times."""

    def answer(request: httpx.Request) -> httpx.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        found = redmine.read(Request(request.method, str(request.url), headers, request.content))
        return httpx.Response(404) if found is None else httpx.Response(200, content=json.dumps(found))

    return RedmineBackend(RedmineClient("http://redmine.test", "key", httpx.MockTransport(answer)), "textile")


@pytest.mark.parametrize("wrong", WRONG_ISSUES, ids=str)
async def test_an_issue_of_wrong_types_makes_no_sense_and_is_not_quoted(wrong: dict[str, Any]) -> None:
    redmine = ImitatedRedmine()
    redmine.issue |= wrong
    with pytest.raises(BadResponse) as failure:
        await backend_over(redmine).task(Actor(ANNA, "anna"), 7)
    assert "yesterday" not in failure.value.detail and "20.11.2026" not in failure.value.detail


@pytest.mark.parametrize("missing", ["id", "subject", "status", "priority", "project", "tracker", "updated_on"])
async def test_an_issue_without_what_every_issue_has_makes_no_sense_in_a_list_too(missing: str) -> None:
    redmine, anna = ImitatedRedmine(), Actor(ANNA, "anna")
    del redmine.issue[missing]
    backend = backend_over(redmine)
    for verb in (backend.task(anna, 7), backend.tasks(anna, TaskQuery())):
        with pytest.raises(BadResponse, match=missing):
            await verb


class Noisy(ImitatedRedmine):
    """Healthy but for one value somewhere in the answers of one address."""

    def __init__(self, path: str, place: int, noise: object) -> None:
        super().__init__()
        self.path, self.place, self.noise = path, place, noise

    def read(self, request: Request) -> dict[str, Any] | None:
        found = super().read(request)
        if found is None or request.path != self.path:
            return found
        found = deepcopy(found)
        holders = list(slots(found))
        holder, key = holders[self.place % len(holders)]
        holder[key] = self.noise
        return found


def slots(value: Any) -> Any:
    """Every place in a JSON value that holds another, as (container, key)."""
    inner = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for key, held in inner:
        yield value, key
        yield from slots(held)


PATHS = [
    ISSUE,
    ME,
    "/issues.json",
    "/roles/2.json",
    "/projects.json",
    "/projects/8/memberships.json",
    "/issue_statuses.json",
    "/enumerations/issue_priorities.json",
    "/trackers.json",
    "/custom_fields.json",
    "/projects/8.json",
]


@settings(deadline=None, max_examples=examples(150))
@given(st.sampled_from(PATHS), st.integers(0, 200), NOISE)
def test_whatever_stands_in_an_answer_it_is_read_or_refused_in_the_domains_words(
    path: str, place: int, noise: object
) -> None:
    async def ask() -> None:
        backend, anna = backend_over(Noisy(path, place, noise)), Actor(ANNA, "anna")
        verbs = (backend.task(anna, 7), backend.tasks(anna, TaskQuery()), backend.vocabulary(anna))
        for verb in (*verbs, backend.projects_for_new(anna), backend.new_task_form(anna, 8)):
            try:
                str(await verb).encode()
            except HelpdeskError as error:
                assert error.code in ("bad_gateway", "wrong_key", "not_found"), error
        await backend.calls.client.close()

    asyncio.run(ask())


def my_rights(*permissions: str, member: bool = True, admin: bool = False) -> Rights:
    memberships = [{"project": {"id": 8}, "roles": [{"id": 2}, {"id": 3, "inherited": True}]}] if member else []
    mine = to_me({"id": 5, "admin": admin, "memberships": memberships})
    assert mine.roles == ({8: {2, 3}} if member else {})
    return rights(mine, 8, [{"permissions": list(permissions)}, {"permissions": []}])


def test_editing_takes_the_permission_or_authorship_with_its_own() -> None:
    assert my_rights("edit_issues").may_edit(is_author=False)
    assert my_rights("edit_own_issues").may_edit(is_author=True)
    assert not my_rights("edit_own_issues").may_edit(is_author=False)
    assert not my_rights("add_issue_notes").may_edit(is_author=True)


@pytest.mark.parametrize(
    ("permissions", "projects", "admin", "may"),
    [
        (("edit_issues",), {8}, False, True),
        (("edit_own_issues",), {8}, False, True),
        (("add_issue_notes",), {8}, False, False),
        (("add_issue_notes",), {8, 9}, False, True),
        (("edit_issues",), set(), False, False),
        ((), {9}, True, True),
    ],
    ids=["edits", "edits own ones", "only comments", "no member of one", "no project", "an administrator"],
)
async def test_lists_offer_changes_unless_it_is_known_that_no_project_allows_them(
    monkeypatch: pytest.MonkeyPatch, permissions: tuple[str, ...], projects: set[int], admin: bool, may: bool
) -> None:
    users = backend_over(ImitatedRedmine()).calls.users

    async def role(_id: int) -> dict[str, Any]:
        return {"permissions": list(permissions)}

    monkeypatch.setattr(users, "_role", role)
    assert await users.may_edit_somewhere(Me(5, admin, {8: {2, 3}}), projects) is may


def test_a_member_comments_with_the_permission_and_who_is_none_may_try() -> None:
    assert my_rights("add_issue_notes").may_comment
    assert not my_rights("edit_issues").may_comment
    assert my_rights(member=False).may_comment


def test_a_private_comment_takes_both_permissions_and_is_never_guessed() -> None:
    assert my_rights("add_issue_notes", "set_notes_private").may_comment_privately
    assert not my_rights("add_issue_notes").may_comment_privately
    assert not my_rights("set_notes_private").may_comment_privately
    assert not my_rights(member=False).may_comment_privately


def test_a_note_is_edited_with_the_permission_or_authorship_with_its_own() -> None:
    own, others = Member(5, "Anna Test"), Member(6, "Irina Test")
    assert my_rights("edit_issue_notes").may_edit_note_of(others, 5)
    assert my_rights("edit_own_issue_notes").may_edit_note_of(own, 5)
    assert not my_rights("edit_own_issue_notes").may_edit_note_of(others, 5)
    assert not my_rights("edit_own_issue_notes").may_edit_note_of(None, 5)
    assert not my_rights(member=False).may_edit_note_of(own, 5)


def test_a_closed_project_takes_every_right_from_everybody() -> None:
    for mine in (my_rights("edit_issues", "add_issue_notes"), my_rights(admin=True), my_rights(member=False)):
        closed = mine.in_project(is_closed=True)
        assert not (closed.may_edit(is_author=True) or closed.may_comment or closed.has("delete_issues"))
        assert mine.in_project(is_closed=False) == mine


@pytest.mark.parametrize(
    ("told", "held"),
    [(None, ()), ("", ()), ("214", ("214",)), (["a", "b"], ("a", "b")), ([], ()), ([""], ()), ("a\r\nb", ("a\nb",))],
)
def test_a_custom_value_is_the_texts_that_redmine_keeps(told: Any, held: tuple[str, ...]) -> None:
    assert custom_fields.texts(told) == held


def test_a_custom_value_is_sent_as_one_text_or_as_a_list() -> None:
    one, several = CustomField(1, "Room"), CustomField(2, "Ways", "list", multiple=True)
    assert custom_fields.written(one, ("214",)) == {"id": 1, "value": "214"}
    assert custom_fields.written(one, ()) == {"id": 1, "value": ""}
    assert custom_fields.written(several, ("a", "b")) == {"id": 2, "value": ["a", "b"]}
    assert custom_fields.written(several, ()) == {"id": 2, "value": []}


def test_a_relation_is_seen_from_this_side() -> None:
    def seen(first: int, second: int, kind: str) -> tuple[tuple[str, int], ...]:
        return links(
            {"id": 7, "relations": [{"relation_type": kind, "issue_id": first, "issue_to_id": second}]}
        ).relations

    assert seen(7, 9, "blocks") == (("blocks", 9),) and seen(9, 7, "blocks") == (("blocked", 9),)
    assert seen(9, 7, "relates") == (("relates", 9),) and seen(9, 7, "copied_to") == (("copied_from", 9),)
    assert seen(9, 7, "of a plugin") == (("of a plugin", 9),)


@pytest.mark.parametrize(
    ("kept", "sent", "is_same"),
    [
        ("a\nb", " a\r\nb ", True),
        ("", None, True),
        ("a", "b", False),
        (1.33, 1.333, True),
        (1.5, 1.4, False),
        (40, 40, True),
        (None, 0.0, False),
        (date(2026, 11, 20), date(2026, 11, 20), True),
        (date(2026, 11, 20), None, False),
        (None, None, True),
    ],
)
def test_values_are_equal_but_for_line_ends_and_last_digits_as_redmine_keeps_them(
    kept: Any, sent: Any, is_same: bool
) -> None:
    assert payloads.same(kept, sent) == is_same


def test_an_administrator_may_everything_and_only_the_very_word_true_makes_one() -> None:
    admin = my_rights(member=False, admin=True)
    assert admin.may_edit(is_author=False) and admin.may_comment and admin.may_comment_privately
    assert not to_me({"id": 5, "admin": "true"}).is_admin


@pytest.mark.parametrize("memberships", [None, [{}], [{"project": {"id": "8"}, "roles": []}], [{"project": None}]])
def test_memberships_that_are_none_are_refused(memberships: Any) -> None:
    with pytest.raises((BadResponse, *json_mapper.BROKEN)):
        to_me({"id": 5, "memberships": memberships})


def test_memberships_are_read_without_groups_and_with_roles_in_redmines_order() -> None:
    names = ((9, "Новая"), (5, "Заявитель"), (4, "Поддержка"))
    roles = [{"id": number, "name": name, "inherited": True} for number, name in names]
    told = [
        {"id": 1, "group": {"id": 7, "name": "Смена"}, "roles": roles[:1]},
        {"id": 2, "user": {"id": 3, "name": "Борис"}, "roles": roles},
        {"id": 3, "user": {"id": 2, "name": "Анна"}, "roles": []},
    ]
    found = json_mapper.members(told, {4: 0, 5: 1})
    assert found == (ProjectMember(2, "Анна", ()), ProjectMember(3, "Борис", ("Поддержка", "Заявитель", "Новая")))
    for broken in ({}, {"user": {"id": "3", "name": ""}, "roles": []}, {"user": {"id": 3, "name": "x"}}):
        with pytest.raises((BadResponse, *json_mapper.BROKEN)):
            json_mapper.members([broken], {})
