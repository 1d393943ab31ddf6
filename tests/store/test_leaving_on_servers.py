"""Absence, the file of a person and anonymising on the servers that companies use."""

import json
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from secrets import token_hex
from zipfile import ZipFile

import pytest
from sqlmodel import Session

from helpdesk.people import personal_file
from helpdesk.store import absences, anonymizing, people, saved_views
from helpdesk.store.database import Database
from helpdesk.store.models.tables import Person, SavedView
from helpdesk.store.personal_texts import Visible

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SERVERS = [pytest.param(it, marks=pytest.mark.xdist_group(it)) for it in ("postgresql", "mariadb")]


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(f"embedded_on_{request.param}").database
    return found


def newcomer(session: Session) -> tuple[int, str]:
    login = f"leaver-{token_hex(4)}"
    person = people.add_local(session, login, "Вера Новикова", f"{login}@example.test", "", is_admin=False)
    return person.id or 0, login


def test_somebody_comes_is_away_and_leaves(server: Database) -> None:
    (vera, login), (oleg, other) = (server.run_here(newcomer, writes=True) for _ in range(2))

    def go(session: Session) -> None:
        deputy = absences.find(session, f"{other}@example.test".upper())
        absences.set_away(session, vera, date(2026, 11, 25), deputy.id)
        session.add(SavedView(person_id=vera, name="Мои", name_folded="мои", address="/tasks"))

    server.run_here(go, writes=True)
    away = server.run_here(lambda db: absences.deputies(db, [vera, oleg], NOW.date()))
    assert {it: deputy and deputy.id for it, (_, deputy) in away.items()} == {vera: oleg}
    assert vera in server.run_here(lambda db: absences.all_away(db, NOW.date()))
    assert [it.id for it in server.run_here(lambda db: absences.represented_by(db, oleg, NOW.date()))] == [vera]

    file = BytesIO()
    personal_file.write(server, vera, Visible(), Path("/nowhere"), file)
    with ZipFile(file) as archive:
        (view,) = json.loads(archive.read("saved_view.json"))
    assert view["address"] == "/tasks"

    def leave(session: Session) -> None:
        people.disable(session, login)
        anonymizing.anonymize(session, vera, login, NOW, None)

    server.run_here(leave, writes=True)
    person = server.run_here(lambda db: db.get_one(Person, vera))
    assert (person.login, person.email, person.deputy_id) == (f"#{vera}", "", None)
    assert server.run_here(lambda db: saved_views.of_person(db, vera)) == []
