"""Define the tables of promises of time and of the business calendars in which they are reckoned.

Nothing of a task is stored here but which warnings were given: the clocks are reckoned from its history.
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from helpdesk.store.models import exact


class BusinessCalendar(SQLModel, table=True):
    """Working hours in a time zone: `hours` are those of the seven days from Monday, parted by semicolons, each as
    `09:00-13:00,14:00-18:00` or empty. One is the default, for projects that name no other. `version` rises with each
    edit, also of its days and projects."""

    __tablename__ = "business_calendar"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=100)
    name_folded: str = Field(sa_type=exact(100), unique=True)
    timezone: str = Field(max_length=60)
    hours: str = Field(max_length=400)
    is_default: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    version: int = 1


class CalendarDay(SQLModel, table=True):
    """A day with hours of its own, such as a holiday, which has none."""

    __tablename__ = "calendar_day"
    calendar_id: int = Field(
        primary_key=True, foreign_key="business_calendar.id", sa_column_kwargs={"autoincrement": False}
    )
    day: date = Field(primary_key=True)
    hours: str = Field(default="", max_length=60)
    name: str = Field(default="", max_length=100)


class CalendarProject(SQLModel, table=True):
    """The calendar of a project of the backend and of those below it that have none of their own."""

    __tablename__ = "calendar_project"
    project_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    calendar_id: int = Field(foreign_key="business_calendar.id", index=True)


class Promise(SQLModel, table=True):
    """A promise of time: the working minutes until the first answer and until the solution, None for no promise.

    It is for tasks of a project and those below it, of a tracker and of a priority of the backend; None is any. Of
    several promises the most particular one holds: first by project, then by tracker, then by priority. `escalate_to`
    is notified when it is broken. `version` rises with each edit.
    """

    __tablename__ = "promise"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=100)
    project_id: int | None = None
    tracker_id: int | None = None
    priority_id: int | None = None
    answer_minutes: int | None = None
    solution_minutes: int | None = None
    escalate_to: int | None = Field(default=None, foreign_key="person.id", index=True)
    is_active: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    version: int = 1


class PromiseWarning(SQLModel, table=True):
    """A warning that was given: `kind` is "answer" or "solution", `percent` 75 or 100 of so many `minutes`.

    A silent one was only noted, since it had been reached before the promise was made or edited.
    """

    __tablename__ = "promise_warning"
    task_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str = Field(primary_key=True, max_length=10)
    percent: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    minutes: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    is_silent: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    warned_at: datetime = Field(index=True)
