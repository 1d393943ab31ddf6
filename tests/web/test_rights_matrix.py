"""Every method of every route for every role: who is refused, and by which error, is what `web/access.py` says."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx
import pytest
from itsdangerous import Signer
from sqlmodel import Session
from starlette.routing import Mount, Route

from helpdesk.demo.playable_phone import PlayablePhone
from helpdesk.people.rights import ADMIN, GRANTED, REDMINE_USER, RIGHTS
from helpdesk.services import Services
from helpdesk.store import people, rights, sessions
from helpdesk.store.database import Database
from helpdesk.web.access import ACCESS, differences
from helpdesk.web.core.guards import needs, public, signed_in
from helpdesk.web.routes import ROUTES
from tests.telephony.desks import AGENT, SUPERVISOR, beside_a_phone
from tests.web.conftest import SECRET, Visit
from tests.world import PEOPLE_IDS

NOWHERE = str(10**6)
"""The id of no task, file or entry: who is let in is told that there is none."""
GIVEN = {"place": "x", "form": "x", "name": "x", "username": "x", "dialog_id": "x"}
OF_THE_DESK = {AGENT, SUPERVISOR}
"""For those who hold none of them there is nothing here."""
REFUSALS = {(401, "not_signed_in"), (403, "not_allowed")}


class Role(NamedTuple):
    """Somebody with these rights. Without a login nobody is signed in; `shut_out` are columns of the account."""

    login: str | None
    rights: frozenset[str] = frozenset()
    shut_out: Mapping[str, Any] = {}


ROLES = {
    "nobody": Role(None),
    "requester": Role("irina"),
    "staff": Role("anna"),
    **{name: Role(f"only.{name}", frozenset({name})) for name in RIGHTS},
    "administrator": Role("admin", frozenset({ADMIN})),
    "disabled administrator": Role("disabled", frozenset(GRANTED), {"is_active": False}),
    "blocked administrator": Role("blocked", frozenset(GRANTED), {"blocked_at": datetime.now(UTC)}),
}


@pytest.fixture
def services(database: Database) -> Services:
    """Beside a phone system: without one its addresses are nowhere for anybody."""
    return beside_a_phone(database, PlayablePhone())


def settle(db: Session, role: Role) -> int:
    """The id of the account of the role, which is made unless it is one of the story's."""
    if role.login in PEOPLE_IDS:
        return PEOPLE_IDS[role.login]
    person = people.add_local(db, role.login or "", "", "", "", is_admin=False)
    assert person.id is not None
    for name in role.rights & set(GRANTED):
        rights.grant(db, person.id, name)
    person.redmine_id = 7 if REDMINE_USER in role.rights else None
    for column, value in role.shut_out.items():
        setattr(person, column, value)
    return person.id


def sign_in(services: Services, person_id: int) -> dict[str, str]:
    """The headers of a new session."""
    begun, _ = services.database.run_here(
        lambda db: sessions.begin(db, person_id, datetime.now(UTC), False, "", ""), writes=True
    )
    return {"Cookie": f"session={Signer(SECRET, salt='session').sign(begun).decode()}"}


def addresses(person_id: int) -> Iterator[tuple[str, str, str]]:
    """Each route's name, method and an address of it. Those of a person are the person's own."""
    given = GIVEN | {"person_id": str(person_id)}
    for route in ROUTES:
        assert isinstance(route, Route) and route.methods
        address = re.sub(r"\{(\w+)[^}]*\}", lambda found: given.get(found[1], NOWHERE), route.path)
        address += "?after=x" if "stream" in route.path else ""  # refused within: a stream would not end
        yield from ((route.name, method, address) for method in sorted(route.methods - {"HEAD"}))


def wanted(role: Role, guard: str) -> tuple[int, str] | None:
    """How the role is refused at an address with this guard; None when it is let in."""
    if guard in ("public", "unguarded"):
        return None
    if role.login is None or role.shut_out:
        return 401, "not_signed_in"
    if guard in ("signed_in", "setting_up", "monitor") or role.rights & set(guard.split()):
        return None
    return (404, "not_found") if OF_THE_DESK & set(guard.split()) else (403, "not_allowed")


def outcome(answer: httpx.Response) -> tuple[int, str]:
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    return answer.status_code, answer.json().get("error", "") if is_json else ""


@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
async def test_each_role_is_let_in_where_the_table_says_so_and_refused_elsewhere(
    visit: Visit, services: Services, role: Role
) -> None:
    person_id = services.database.run_here(lambda db: settle(db, role), writes=True) if role.login else 0
    transport, headers, wrong = httpx.ASGITransport(visit().app, raise_app_exceptions=False), None, []
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        for name, method, address in addresses(person_id):
            if role.login and headers is None:
                headers = sign_in(services, person_id)
            body = {} if method in ("POST", "PUT") else None
            got = outcome(await client.request(method, address, json=body, headers=headers))
            expected = wanted(role, ACCESS.get(name, "not in the table"))
            if got != expected and (expected or got in REFUSALS or got[0] == 500):
                wrong.append((name, method, address, got))
            client.cookies.clear()
            headers = None if name == "people:logout" else headers
    assert wrong == []


async def handler(request: object) -> None:
    raise AssertionError("nobody asks")


@pytest.mark.parametrize(
    "route",
    [
        Route("/x", public(handler), name="unknown"),
        Route("/x", handler, name="unknown"),
        Mount("/x", app=handler, name="unknown"),
        Route("/x", public(handler), name="home"),
        Route("/x", needs(ADMIN)(handler), name="home"),
        Route("/x", signed_in(handler), name="healthz"),
    ],
)
def test_a_route_that_the_table_lacks_or_says_something_else_of_is_noticed(route: Route) -> None:
    others = [it for it in ROUTES if it.name != route.name]
    assert differences([*others, route]) == [route.name]


def test_a_line_without_a_route_is_noticed() -> None:
    assert differences(ROUTES) == []
    assert differences([it for it in ROUTES if it.name != "home"]) == ["home"]
