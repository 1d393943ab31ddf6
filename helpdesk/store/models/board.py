"""Define the tables of the board: the columns as administrators set them, and what each person folds."""

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class BoardColumn(SQLModel, table=True):
    """An administrator's settings for a status of the backend: `phase` is `active` or `waiting`.

    Closed statuses are done, whatever the phase says. `wip_limit` counts tasks; None is no limit.
    """

    __tablename__ = "board_column"
    status_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    phase: str = Field(default="active", max_length=10, sa_column_kwargs={"server_default": "active"})
    wip_limit: int | None = None


class BoardFold(SQLModel, table=True):
    """A person's choice to fold the column of a status, or to unfold one that is folded by default."""

    __tablename__ = "board_fold"
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    status_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    folded: bool = Field(sa_column_kwargs={"server_default": sa.false()})
