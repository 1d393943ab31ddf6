"""Colleagues: everybody who can sign in is found, once, by any of their words; nobody else is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.services import Services
from helpdesk.store import people
from helpdesk.store.models.tables import Person
from helpdesk.web.people.schemas import dialled
from tests.web.conftest import HTML, HTMX, Visit
from tests.web.dom import parsed
from tests.world import PEOPLE_IDS

ADDRESS = "/users"
Change = Callable[..., None]


@pytest.fixture
def change(services: Services) -> Change:
    """`change("boris", phone="77")` changes columns of an account, as a directory does."""

    def work(db: Session, login: str, values: dict[str, Any]) -> None:
        person = db.get_one(Person, PEOPLE_IDS[login])
        for name, value in values.items():
            setattr(person, name, value)

    return lambda login, **values: services.database.run_here(lambda db: work(db, login, values), writes=True)


def logins(answer: Any) -> list[str]:
    return [it["username"] for it in answer.json()["users"]]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("КУЗНЕЦОВ", ["boris"]),
        ("семен", ["boris"]),
        ("семён борис", ["boris"]),
        ("12-34", ["boris"]),
        ("отдел связи", ["boris"]),
        ("борис склад", []),
        ("an", ["anna", "stranger"]),
        ("%", []),
        ("_", []),
    ],
)
def test_colleagues_are_found_by_any_of_their_words(visit: Visit, change: Change, words: str, found: list[str]) -> None:
    change("boris", full_name="Борис Семёнович Кузнецов", phone="+7 12-34", department="Отдел связи", position="Мастер")
    assert logins(visit("irina").get(ADDRESS, params={"q": words})) == found


@pytest.mark.parametrize(
    "shut_out",
    [
        {"is_active": False},
        {"blocked_at": datetime.now(UTC)},
        {"anonymized_at": datetime.now(UTC)},
        {"joined_into": PEOPLE_IDS["anna"]},
    ],
)
def test_who_left_is_not_found(visit: Visit, change: Change, shut_out: dict[str, Any]) -> None:
    anna = visit("anna")
    assert "boris" in logins(anna.get(ADDRESS))
    change("boris", **shut_out)
    assert "boris" not in logins(anna.get(ADDRESS))
    left = anna.get("/users/profile/boris")
    assert left.status_code == (200 if "joined_into" in shut_out else 404)
    assert "joined_into" not in shut_out or left.json()["username"] == "anna"


def test_administrators_see_who_is_disabled(visit: Visit, change: Change) -> None:
    change("boris", is_active=False)
    page = visit("admin").get("/users/profile/boris", headers=HTML)
    assert page.status_code == 200 and "disabled" in page.text
    assert visit("anna").get("/users/profile/boris", headers=HTML).status_code == 404


def test_a_page_has_24_and_the_next_one_the_others(visit: Visit, services: Services) -> None:
    services.database.run_here(
        lambda db: [people.add_local(db, f"new{it:02}", f"Новый {it:02}", "", "", False) for it in range(30)],
        writes=True,
    )
    anna = visit("anna")
    first, second = (anna.get(ADDRESS, params={"q": "новый", "page": page}) for page in (1, 2))
    assert first.json()["pagination"] == {"page": 1, "per_page": 24, "total": 30, "pages": 2}
    assert logins(first) + logins(second) == [f"new{it:02}" for it in range(30)]
    page = parsed(anna.get(f"{ADDRESS}?q=новый&view=rows", headers=HTML).text)
    (onwards,) = page.all(lambda it: it.get("rel") == "next")
    assert onwards["href"] == "/users?q=%D0%BD%D0%BE%D0%B2%D1%8B%D0%B9&view=rows&page=2"
    assert anna.get(ADDRESS, params={"page": "x"}).status_code == 422


def test_typing_gets_the_people_alone(visit: Visit) -> None:
    fragment = visit("anna").get(f"{ADDRESS}?q=борис", headers=HTMX).text
    assert fragment.lstrip().startswith('<section id="people"') and "Борис Кузнецов" in fragment


def test_who_was_just_seen_is_online_unless_they_hide_it(visit: Visit, change: Change) -> None:
    anna, now = visit("anna"), datetime.now(UTC)
    change("boris", last_seen=now - timedelta(minutes=4))
    change("irina", last_seen=now - timedelta(minutes=6))
    online = {it["username"]: it["online"] for it in anna.get(ADDRESS).json()["users"]}
    assert (online["boris"], online["irina"]) == (True, False)
    assert "online" in anna.get("/users/profile/boris", headers=HTML).text
    visit("boris").post("/users/account", json={"hides_presence": True})
    hidden = anna.get("/users/profile/boris").json()
    assert (hidden["online"], hidden["last_seen"]) == (False, None)
    assert "Last seen" not in anna.get("/users/profile/boris", headers=HTML).text


async def test_opening_pages_is_written_down_once_for_all(visit: Visit, services: Services) -> None:
    anna = visit("anna", session_idle=timedelta(days=9))
    longago = datetime(2020, 1, 1, tzinfo=UTC)
    services.database.run_here(lambda db: db.execute(sa.update(Person).values(last_seen=longago)), writes=True)
    anna.get("/users/profile")

    def seen() -> datetime | None:
        return services.database.run_here(lambda db: db.get_one(Person, PEOPLE_IDS["anna"])).last_seen

    assert seen() == longago
    presence = anna.app.app.state.services.presence  # type: ignore[attr-defined]  # Edge's
    await presence.write()
    assert seen() != longago and presence.seen == {}


def test_two_people_with_one_login_have_a_page_each(visit: Visit, services: Services) -> None:
    def work(db: Session) -> None:
        other = people.expect(db, "ldap", "boris")
        other.full_name = "Борис Второй"

    services.database.run_here(work, writes=True)
    anna = visit("anna")
    page = parsed(anna.get(ADDRESS, params={"q": "boris"}, headers=HTML).text)
    links = page.all(lambda it: "source=" in (it.get("href") or ""))
    pages = [anna.get(link["href"]).json()["full_name"] for link in links]
    assert pages == ["Борис Второй", "Борис Кузнецов"]


def test_an_odd_name_stays_text(visit: Visit, change: Change) -> None:
    change(
        "boris",
        full_name="<b>Борис</b> \u202eвороб",
        department="=cmd|' /C calc'!A0",
        phone='1"><script>',
        email="a b@x",
    )
    anna = visit("anna")
    for address in (f"{ADDRESS}?q=boris", "/users/profile/boris"):
        text = anna.get(address, headers=HTML).text
        assert "<b>Борис" not in text and "<script>" not in text and "<bdi>" in text
    assert anna.get("/users/profile/nobody").status_code == 404
    assert anna.get("/users/profile/a/b%2F%00").status_code == anna.get("/users/profile/%00").status_code == 404
    assert anna.get("/users/profile/anna?source=%00").status_code == 422


@pytest.mark.parametrize(
    ("phone", "number"),
    [("+7 (495) 123-45-67", "+74951234567"), ("12-34, доб. 5", "1234"), ("доб. 5", ""), ("+", ""), ("7;isub=1", "7")],
)
def test_a_number_is_dialled_without_its_extension(phone: str, number: str) -> None:
    assert dialled(phone) == number
