"""Define the tables of requests, of the company's texts, and of the health and the use of the helpdesk."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from helpdesk.store.models import LONG


class RequestCategory(SQLModel, table=True):
    """A category that requesters choose from, with the project and the tracker of the backend that it leads to.

    Without a tracker it is the project's first one. `position` orders categories.
    """

    __tablename__ = "request_category"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=100)
    hint: str = Field(default="", max_length=200)
    project_id: int
    tracker_id: int | None = None
    position: int
    is_active: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})


class RequestGrade(SQLModel, table=True):
    """What a requester says of the help: `grade` from 1 to 5, and a word. `task_id` is the backend's."""

    __tablename__ = "request_grade"
    task_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    person_id: int = Field(primary_key=True, foreign_key="person.id", index=True)
    grade: int
    word: str = Field(default="", max_length=500)
    given_at: datetime


class CompanyText(SQLModel, table=True):
    """A text that administrators keep for everybody, such as the template of e-mail signatures."""

    __tablename__ = "company_text"
    name: str = Field(primary_key=True, max_length=50)
    text: str = Field(sa_type=LONG)
    changed_at: datetime
    changed_by: int | None = None


class SystemState(SQLModel, table=True):
    """The health of an outside system: `status` is up, down or unknown, since `since`.

    `told_status` is the one that administrators were notified of last. `error` is the last trouble as JSON: its reason
    and an advice, each a sentence with its values.
    """

    __tablename__ = "system_state"
    system: str = Field(primary_key=True, max_length=30)
    status: str = Field(max_length=10)
    since: datetime
    checked_at: datetime
    succeeded_at: datetime | None = None
    error: str = Field(default="", sa_type=sa.Text)
    told_status: str = Field(default="", max_length=10)


class SystemSample(SQLModel, table=True):
    """One check of an outside system; `seconds` is None when it failed."""

    __tablename__ = "system_sample"
    id: int | None = Field(default=None, primary_key=True)
    system: str = Field(max_length=30)
    checked_at: datetime = Field(index=True)
    seconds: float | None = None


class RouteMetric(SQLModel, table=True):
    """The times of the requests that all processes together have answered on a route, in seconds.

    `histogram` is JSON: the number of requests by bucket of `route_times.py`. Rows without a route are those of
    processes, and of the last reset (`store/route_metrics.py`).
    """

    __tablename__ = "route_metric"
    route: str = Field(primary_key=True, max_length=80)
    process: str = Field(primary_key=True, max_length=40)
    count: int
    total: float = Field(sa_type=sa.Double)
    longest: float
    shortest: float
    histogram: str = Field(sa_type=sa.Text)
    written_at: datetime = Field(index=True)
