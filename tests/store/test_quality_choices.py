"""What administrators chose for quality control is replaced whole, recorded, and never overwritten unseen."""

import pytest
from sqlmodel import Session, select

from helpdesk.errors import Conflict
from helpdesk.store import quality_choices
from helpdesk.store.database import Database
from helpdesk.store.models.tables import AuditRecord

CHOSEN = {"complaint": (5, 9), "object": (21,)}


def save(database: Database, wanted: quality_choices.Numbers, known: str | None) -> None:
    database.run_here(lambda db: quality_choices.save(db, 1, wanted, known), writes=True)


def acts(session: Session) -> list[str]:
    return [it.details for it in session.exec(select(AuditRecord)) if it.action == "quality_choices_changed"]


def test_choices_are_replaced_whole_and_recorded_once(database: Database) -> None:
    save(database, CHOSEN, quality_choices.version({}))
    assert database.run_here(quality_choices.all) == CHOSEN
    save(database, CHOSEN, None)
    save(database, {"question": (5,)}, quality_choices.version(CHOSEN))
    assert database.run_here(quality_choices.all) == {"question": (5,)}
    first, second = database.run_here(acts)
    assert "complaint:  → 5, 9" in first and "question:  → 5" in second


def test_choices_that_somebody_changed_meanwhile_stay(database: Database) -> None:
    save(database, CHOSEN, None)
    with pytest.raises(Conflict) as caught:
        save(database, {}, quality_choices.version({}))
    assert caught.value.current == CHOSEN == database.run_here(quality_choices.all)


def test_the_order_of_ids_is_no_change() -> None:
    assert quality_choices.version({"a": (1, 2), "b": (3,)}) == quality_choices.version({"b": (3,), "a": (2, 1)})
    assert quality_choices.version({"a": (1, 2)}) != quality_choices.version({"a": (1,), "b": (2,)})
