"""Define the tables of saved reports and of their mailings."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from helpdesk.store.models import exact


class SavedReport(SQLModel, table=True):
    """A report that its owner saved under a name: `query` is that of its address.

    A shared one is listed for all who may read reports; each of them counts what they see themselves.
    """

    __tablename__ = "saved_report"
    __table_args__ = (
        sa.UniqueConstraint("owner_id", "name_folded", name="uq_saved_report_owner_name"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True)
    owner_id: int = Field(foreign_key="person.id")
    name: str = Field(max_length=60)
    name_folded: str = Field(sa_type=exact(60))
    query: str = Field(max_length=2000)
    is_shared: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    created_at: datetime


class ReportMailing(SQLModel, table=True):
    """Who gets a saved report by e-mail: `rhythm` is "weekly" or "monthly", and the next one goes at `next_at`."""

    __tablename__ = "report_mailing"
    report_id: int = Field(primary_key=True, foreign_key="saved_report.id", sa_column_kwargs={"autoincrement": False})
    person_id: int = Field(primary_key=True, foreign_key="person.id", index=True)
    rhythm: str = Field(max_length=10)
    next_at: datetime = Field(index=True)
