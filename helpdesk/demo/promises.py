"""The demo company's promises of time, and the calendar of its working days."""

from datetime import date

from sqlmodel import Session

from helpdesk.demo.seed import World
from helpdesk.demo.task_rows import Ids
from helpdesk.store import business_calendars, promises
from helpdesk.store.business_calendars import CalendarValues, OwnDay
from helpdesk.store.promises import PromiseValues

WORKDAYS, WEEKEND = 5, 2


def add(session: Session, world: World, ids: Ids) -> None:
    """Store the lines `calendar`, which has its days by ISO dates, and `promise`, whose times are working minutes."""
    people = ids["assignee"]
    for it in world["calendar"]:
        days = tuple(OwnDay(date.fromisoformat(on), *parts) for on, *parts in it["days"])
        hours = ";".join([it["hours"]] * WORKDAYS + [""] * WEEKEND)
        values = CalendarValues(it["name"], it["timezone"], hours, is_default=True, days=days, project_ids=())
        business_calendars.add(session, people["admin"], values)
    for it in world["promise"]:
        wanted = PromiseValues(
            it["name"],
            ids["project"][it["project"]],
            ids["tracker"][it["tracker"]],
            ids["priority"][it["priority"]] if "priority" in it else None,
            it.get("answer"),
            it["solution"],
            people[it["escalate"]] if "escalate" in it else None,
            is_active=True,
        )
        promises.add(session, people["admin"], wanted)
