"""The link in mails by which e-mails of one kind stop, and the language in which mails are written."""

import pytest

from helpdesk.notifications.channels.email.unsubscribe import ALL, Link, token
from helpdesk.notifications.preferences import TYPES, Preferences
from helpdesk.notifications.preferences_json import from_json
from helpdesk.store import preferences
from helpdesk.store.database import Database
from helpdesk.store.models.tables import Person
from tests.web.conftest import HTML, SECRET, Visit
from tests.world import PEOPLE_IDS

ANNA = PEOPLE_IDS["anna"]


def chosen(database: Database) -> Preferences:
    found = database.run_here(lambda db: preferences.of_people(db, [ANNA]))
    return from_json(found.get(ANNA, ""))


@pytest.mark.parametrize("type", ["comment", ALL])
def test_only_a_post_stops_mails_and_of_this_kind_alone(visit: Visit, database: Database, type: str) -> None:
    address, before = f"/mail/unsubscribe/{token([SECRET], Link(ANNA, type))}", chosen(database).wanted
    page = visit().get(address, headers=HTML)
    assert page.status_code == 200 and '<form method="post">' in page.text
    assert chosen(database).wanted == before

    one_click = {"Content-Type": "application/x-www-form-urlencoded"}
    for _ in range(2):
        answer = visit().post(address, content="List-Unsubscribe=One-Click", headers=one_click)
        assert answer.status_code == 200 and answer.json()["stopped"]
    stopped = {(it, "email") for it in (TYPES if type == ALL else [type])}
    assert chosen(database).wanted == before - stopped and before & stopped
    assert "no more e-mails about this" in visit().post(address, headers=HTML).text


def test_a_link_that_is_not_ours_stops_nothing(visit: Visit, database: Database) -> None:
    before = chosen(database)
    for signed in (token(["other"], Link(ANNA, ALL)), token([SECRET], Link(987, ALL)), "x"):
        assert visit().post(f"/mail/unsubscribe/{signed}").status_code == 404
    assert chosen(database) == before


def test_mails_are_in_the_language_that_a_person_signed_in_with_or_chose(visit: Visit, database: Database) -> None:
    def language() -> str:
        return database.run_here(lambda db: db.get_one(Person, ANNA).language)

    anna = visit("anna")
    anna.post("/preferences", data={"locale": "ru"})
    assert language() == "ru"
    anna.post("/preferences", data={"locale": "en"})
    assert language() == "en"
    assert visit().post("/preferences", data={"locale": "ru"}).status_code == 303
    assert language() == "en"
