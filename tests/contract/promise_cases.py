"""One request for each JSON answer about promises of time and business calendars, and for each refusal."""

from typing import Any

from tests.contract.cases import Case, refused

PROMISE = {"name": "Обычный срок", "project_id": 1, "answer": "4:00", "solution": "16 ч", "is_active": True}
CALENDAR = {
    "name": "Офис",
    "timezone": "Europe/Moscow",
    **{f"hours_{day}": "09:00-18:00" for day in range(1, 6)},
    "days": "2026-12-31 09:00-13:00 Канун\n01.01.2027 Новый год",
    "project_ids": [1],
    "is_default": True,
}
PROMISES_AT, CALENDARS_AT = "/admin/promises", "/admin/calendars"


def kept(name: str, method: str, path: str, body: Any = None, **more: Any) -> Case:
    return Case(name, method, path, body, login="admin", **more)


ONE, OFFICE = (PROMISES_AT, PROMISE), (CALENDARS_AT, CALENDAR)
CHANGED = {"solution": "8:30", "escalate_to": "anna", "lock_version": "1"}
PROMISES = [
    kept("promises", "GET", PROMISES_AT, before=ONE),
    kept("promise_that_holds", "GET", f"{PROMISES_AT}?project_id=1&tracker_id=1&priority_id=1", before=ONE),
    kept("promise_added", "POST", PROMISES_AT, PROMISE),
    kept("promise", "GET", f"{PROMISES_AT}/1", before=ONE),
    kept("promise_changed", "POST", f"{PROMISES_AT}/1", CHANGED, before=ONE),
    kept("promise_removed", "POST", f"{PROMISES_AT}/1/delete", {}, before=ONE),
    kept("calendars", "GET", CALENDARS_AT, before=OFFICE),
    kept("calendar_added", "POST", CALENDARS_AT, CALENDAR),
    kept("calendar", "GET", f"{CALENDARS_AT}/1", before=OFFICE),
    kept("calendar_changed", "POST", f"{CALENDARS_AT}/1", {"hours_6": "10:00-14:00"}, before=OFFICE),
    kept("calendar_removed", "POST", f"{CALENDARS_AT}/1/delete", {}, before=OFFICE),
]
PROMISE_REFUSALS = [
    refused("409_promise", "POST", f"{PROMISES_AT}/1", CHANGED | {"lock_version": "9"}, login="admin", before=ONE),
    refused("409_calendar", "POST", f"{CALENDARS_AT}/1", {"lock_version": "9"}, login="admin", before=OFFICE),
    refused("422_promise", "POST", PROMISES_AT, PROMISE | {"answer": "soon"}, login="admin"),
    refused("422_promise_twice", "POST", PROMISES_AT, PROMISE, login="admin", before=ONE),
    refused("422_calendar", "POST", CALENDARS_AT, CALENDAR | {"days": "2026-13-01"}, login="admin"),
    refused("422_promised_list", "GET", "/tasks?promise=kept"),
]
