"""What administrators say of the board's columns: as a page, as a form and for programs."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk.errors import Invalid
from helpdesk.services import Services
from helpdesk.store import board
from helpdesk.store.board import ColumnSettings
from helpdesk.tasks.model import Status
from helpdesk.web.board.columns import DONE, MOST_TASKS, PHASES, changed, rows_of, typed_rows
from helpdesk.web.core.request_data import Fields
from tests.notifications.test_preferences import JUNK
from tests.soak import examples
from tests.store.test_board import COLUMN_SETTINGS
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.web.test_notification_preferences import HOSTILE, Sent
from tests.world import PEOPLE_IDS, STATUS_IDS, STATUSES

PAGE = "/tasks/board/columns"
BUSY, WAITING, CLOSED = STATUS_IDS["in_progress"], STATUS_IDS["waiting"], STATUS_IDS["closed"]
ALL_STATUSES = tuple(Status(number, name, name in ("closed", "rejected")) for name, number in STATUS_IDS.items())
OPEN = [it.id for it in ALL_STATUSES if not it.is_closed]
SETTINGS = st.dictionaries(st.sampled_from(list(STATUS_IDS.values())), COLUMN_SETTINGS)
CHANGES = {BUSY: ColumnSettings("active", 5), WAITING: ColumnSettings("waiting")}


def keep(services: Services, changes: dict[int, ColumnSettings]) -> None:
    services.database.run_here(lambda db: board.save_columns(db, changes), writes=True)


def kept(services: Services) -> dict[int, ColumnSettings]:
    return services.database.run_here(board.columns)


def sent_as_shown(columns: dict[int, ColumnSettings]) -> dict[str, Any]:
    """What a program sends that sends all that it read."""
    rows = rows_of(ALL_STATUSES, columns)
    return {f"phase_{it.status.id}": it.phase for it in rows} | {f"limit_{it.status.id}": it.limit for it in rows}


@given(SETTINGS, SETTINGS)
def test_sending_the_shown_columns_back_changes_nothing(
    settings: dict[int, ColumnSettings], other: dict[int, ColumnSettings]
) -> None:
    fields = Fields(sent_as_shown(settings))
    rows = rows_of(ALL_STATUSES, other | changed(fields, ALL_STATUSES, other))
    assert rows == rows_of(ALL_STATUSES, settings) == typed_rows(fields, rows_of(ALL_STATUSES, other))
    assert changed(fields, ALL_STATUSES, settings) == changed(Fields({}), ALL_STATUSES, settings) == {}


@given(SETTINGS, st.dictionaries(st.sampled_from([*sent_as_shown({}), "phase_99", "limit_", "columns"]), JUNK))
def test_junk_is_refused_by_its_name_or_can_be_kept(before: dict[int, ColumnSettings], junk: dict[str, Any]) -> None:
    try:
        changes = changed(Fields(junk), ALL_STATUSES, before)
    except Invalid as refusal:
        assert refusal.fields and set(refusal.fields) <= set(junk)
    else:
        assert set(changes) <= set(STATUS_IDS.values())
        for it in changes.values():
            assert it.phase in PHASES and (it.wip_limit is None or 1 <= it.wip_limit <= MOST_TASKS)


def test_administrators_alone_see_it_and_write_it(anna: Client, services: Services) -> None:
    for headers in (HTML, HTMX, {}):
        assert anna.get(PAGE, headers=headers).status_code == 403
        assert anna.post(PAGE, data={f"limit_{BUSY}": "5"}, headers=headers).status_code == 403
    assert anna.get(PAGE).json()["error"] == "not_allowed" and kept(services) == {}


def test_the_page_shows_the_statuses_in_their_order_and_what_was_said(visit: Visit, services: Services) -> None:
    keep(services, CHANGES)
    page = visit("admin").get(PAGE, headers=HTML).text
    assert re.findall(r'<th scope="row"><span class="status[^"]*">(\w+)</span></th>', page) == list(STATUSES)
    fields = Sent(page, "columns").fields
    assert fields[f"limit_{BUSY}"] == ["5"] and fields[f"limit_{WAITING}"] == [""]
    assert {number: fields[f"phase_{number}"] for number in OPEN} == {
        number: ["waiting" if number == WAITING else "active"] for number in OPEN
    }
    assert f"phase_{CLOSED}" not in fields and page.count('<select name="phase_') == len(OPEN)
    assert "nothing is forbidden" in page and "columns were saved" not in page


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(10), deadline=None)
@given(columns=SETTINGS)
def test_a_page_that_is_sent_as_it_came_changes_nothing(
    visit: Visit, services: Services, columns: dict[int, ColumnSettings]
) -> None:
    keep(services, dict.fromkeys(STATUS_IDS.values(), ColumnSettings()) | columns)
    before, admin = kept(services), visit("admin")
    answer = admin.post(PAGE, data=Sent(admin.get(PAGE, headers=HTML).text, "columns").fields, headers=HTML)
    assert answer.status_code == 303 and kept(services) == before


def test_a_form_is_saved_once_and_leads_back_to_where_one_came_from(visit: Visit, services: Services) -> None:
    admin, board_here = visit("admin"), "/tasks/board?project_id=1"
    form = {f"phase_{BUSY}": "waiting", f"limit_{BUSY}": " 12 ", f"limit_{CLOSED}": "3", "idempotency_key": "k"}
    answer = admin.post(PAGE, data=form, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert "The columns were saved." in admin.get(PAGE, headers=HTML).text
    expected = {BUSY: ColumnSettings("waiting", 12), CLOSED: ColumnSettings("active", 3)}
    assert kept(services) == expected
    keep(services, {BUSY: ColumnSettings("active", 1)})
    assert admin.post(PAGE, data=form, headers=HTML).headers["location"] == PAGE
    assert kept(services)[BUSY] == ColumnSettings("active", 1)

    page = admin.get(PAGE, params={"next": board_here}, headers=HTML).text
    assert f'href="{board_here}">Back to the board' in page
    assert Sent(page, "columns").fields["next"] == [board_here]
    for headers, where in ((HTML, "location"), (HTMX, "hx-redirect")):
        assert admin.post(PAGE, data={"next": board_here}, headers=headers).headers[where] == board_here
    for elsewhere in ("//evil.test", "https://evil.test/", "/\\evil.test"):
        assert admin.post(PAGE, data={"next": elsewhere}, headers=HTML).headers["location"] == PAGE
        assert "evil.test" not in admin.get(PAGE, params={"next": elsewhere}, headers=HTML).text


def test_a_program_changes_what_it_names(visit: Visit, services: Services) -> None:
    keep(services, CHANGES)
    admin = visit("admin")
    body = admin.post(PAGE, json={f"limit_{WAITING}": 7}).json()
    assert body["success"] and body["columns"] == admin.get(PAGE).json()["columns"]
    assert kept(services) == {**CHANGES, WAITING: ColumnSettings("waiting", 7)}
    assert [it["name"] for it in body["columns"]] == list(STATUSES)
    by_number = {it["status_id"]: (it["phase"], it["limit"]) for it in body["columns"]}
    assert (by_number[BUSY], by_number[WAITING]) == (("active", 5), ("waiting", 7))
    assert by_number[CLOSED] == (DONE, None)
    admin.post(PAGE, json={f"limit_{BUSY}": None, f"phase_{CLOSED}": DONE, "phase_99": "waiting"})
    assert kept(services) == {BUSY: ColumnSettings(), WAITING: ColumnSettings("waiting", 7)}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        *((f"limit_{BUSY}", wrong, "whole number from 1 to 9999") for wrong in ("0", "10000", "-1", "1.5", HOSTILE)),
        (f"limit_{CLOSED}", "много", "whole number from 1 to 9999"),
        (f"phase_{BUSY}", "done", "no such choice"), (f"phase_{BUSY}", HOSTILE, "no such choice"),
        (f"phase_{CLOSED}", "waiting", "no such choice"),
    ],
)  # fmt: skip
def test_an_error_is_shown_at_its_field_and_nothing_is_saved(
    visit: Visit, services: Services, field: str, value: str, message: str
) -> None:
    keep(services, CHANGES)
    form = {f"limit_{WAITING}": "33", "next": "/tasks/board", field: value}
    answer = visit("admin").post(PAGE, data=form, headers=HTML)
    fault = re.search(rf'id="{field}-fault">(.*?)</p>', answer.text, re.DOTALL)
    assert answer.status_code == 422 and fault and message in fault[1] and "<script>alert" not in answer.text
    again = Sent(answer.text, "columns").fields
    assert (again[f"limit_{WAITING}"], again["next"]) == (["33"], ["/tasks/board"])
    assert field.startswith("phase") or again[field] == [value]
    assert message in str(visit("admin").post(PAGE, json=form).json()["errors"][field]) and kept(services) == CHANGES


def test_all_errors_are_reported_at_once(visit: Visit) -> None:
    wrong = {f"phase_{BUSY}": ["active"], f"limit_{BUSY}": True, f"limit_{CLOSED}": {}}
    assert set(visit("admin").post(PAGE, json=wrong).json()["errors"]) == set(wrong)


# How a person has the board: columns folded or open, hints or none; as forms, with scripts and for programs


FOLD = "/tasks/board/fold"


def folds(services: Services, login: str) -> dict[int, bool]:
    return services.database.run_here(lambda db: board.folds(db, PEOPLE_IDS[login]))


def test_a_program_folds_a_column_for_its_person_and_opens_it(anna: Client, services: Services) -> None:
    for folded in (True, False):
        answer = anna.post(FOLD, json={"status_id": CLOSED, "folded": folded})
        assert answer.status_code == 200 and answer.json()["success"]
        assert (answer.json()["status_id"], answer.json()["folded"]) == (CLOSED, folded)
        assert folds(services, "anna") == {CLOSED: folded} and folds(services, "boris") == {}


def test_a_form_leads_back_to_the_board(visit: Visit, services: Services) -> None:
    anna, back, form = visit("anna"), "/tasks/board?project_id=1&lanes=assignee", {"status_id": CLOSED, "folded": "1"}
    for wanted, leads in (
        (back, back),
        ("", "/tasks/board"),
        ("//evil.test", "/tasks/board"),
        (None, "/tasks/board"),
    ):
        sent = form if wanted is None else {**form, "next": wanted}
        answer = anna.post(FOLD, data=sent, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, leads)
    answer = anna.post(FOLD, data={**form, "next": back}, headers=HTMX)
    assert answer.status_code == 200 and "hx-redirect" not in answer.headers
    assert folds(services, "anna") == {CLOSED: True}


def test_a_form_that_comes_twice_is_done_once(visit: Visit, services: Services) -> None:
    anna, form = visit("anna"), {"status_id": CLOSED, "folded": "1", "idempotency_key": "k"}
    first = anna.post(FOLD, data=form, headers=HTMX)
    anna.post(FOLD, data={"status_id": CLOSED}, headers=HTMX)
    assert anna.post(FOLD, data=form, headers=HTMX).text == first.text
    assert folds(services, "anna") == {CLOSED: False}


@pytest.mark.parametrize("number", ["", "0", "99", "2147483648", "closed", None])
def test_a_status_that_there_is_not_can_not_be_folded(visit: Visit, services: Services, number: str | None) -> None:
    for headers in (HTML, HTMX, {}):
        sent = {"folded": "1"} if number is None else {"status_id": number, "folded": "1"}
        assert visit("anna").post(FOLD, data=sent, headers=headers).status_code == 422
    assert folds(services, "anna") == {}


def test_a_choice_that_is_neither_yes_nor_no_is_refused(anna: Client, services: Services) -> None:
    assert "folded" in anna.post(FOLD, json={"status_id": CLOSED, "folded": "maybe"}).json()["errors"]
    assert folds(services, "anna") == {}
