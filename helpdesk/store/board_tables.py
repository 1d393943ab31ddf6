"""The tables of the board: what is said of its columns, and how each person has them."""

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class BoardColumn(SQLModel, table=True):
    """What an administrator said of a status, which is the tracker's number: `phase` is `active` or `waiting`.

    Those of closed statuses are done, whatever stands here. `wip_limit` counts tasks; there may be none.
    """

    __tablename__ = "board_column"
    status_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    phase: str = Field(default="active", max_length=10, sa_column_kwargs={"server_default": "active"})
    wip_limit: int | None = None


class BoardFold(SQLModel, table=True):
    """A person's choice to fold the column of a status, or to open one that is folded by itself."""

    __tablename__ = "board_fold"
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    status_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    folded: bool = Field(sa_column_kwargs={"server_default": sa.false()})
