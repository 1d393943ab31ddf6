"""Nobody signs in to an account with a second factor by its password alone, and every code counts once."""

import asyncio
import json
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pyotp
import pytest
import sqlalchemy as sa
from itsdangerous import URLSafeTimedSerializer
from sqlmodel import Session, select

from helpdesk.encryption import Box
from helpdesk.notifications.channels.sse.streams import Face
from helpdesk.people import second_factor as rules
from helpdesk.people.rights import ADMIN
from helpdesk.people.second_factor import code_of, step_at
from helpdesk.services import Services
from helpdesk.settings.settings import RateLimit
from helpdesk.store import joins, rights, second_factors, sessions
from helpdesk.store.models import tables
from helpdesk.store.models.access import AuditRecord, RecoveryCode
from helpdesk.store.tokens import hashed
from helpdesk.web.accounts import code_step
from helpdesk.web.accounts import second_factor as page
from helpdesk.web.live import events
from tests.web.conftest import HTML, HTMX, SECRET, Client, Visit
from tests.web.dom import Element, parsed
from tests.world import PASSWORDS, PEOPLE_IDS

LOGIN, PAGE = "/users/login", "/users/second-factor"
LIMIT = RateLimit(2, 60)
STEP = timedelta(seconds=rules.STEP_SECONDS)
RECOVERY = "abcd-efgh-jkmn-pqrs"
OLD, NEW = "old" * 12, "new" * 12
ANNA = {"username": "anna", "password": PASSWORDS["anna"]}


class Clock:
    """The helpdesk's clock: it stands in the middle of a step until it is moved."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        self.now = now - timedelta(seconds=now.timestamp() % rules.STEP_SECONDS) + STEP / 2

    def __call__(self) -> datetime:
        return self.now


class Phone:
    """An authenticator app."""

    def __init__(self, clock: Clock, secret: str) -> None:
        self.clock, self.secret = clock, secret

    def code(self, away: int = 0) -> str:
        """The code that it shows now, or so many steps away."""
        return code_of(self.secret, step_at(self.clock()) + away)

    def wrong(self) -> str:
        near = {self.code(away) for away in range(-2, 3)}
        return next(code for code in map("{:06}".format, range(10)) if code not in near)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def services(services: Services, clock: Clock) -> Services:
    return replace(services, clock=clock)


def distinct_secret(clock: Clock) -> str:
    """A secret whose codes around now differ. Of most secrets they do."""
    secrets = iter(rules.new_secret, "")
    return next(it for it in secrets if len({Phone(clock, it).code(away) for away in range(-5, 6)}) == 11)


@pytest.fixture
def give(services: Services, clock: Clock) -> Callable[..., Phone]:
    """`give("anna")` gives her a second factor with one recovery code, and returns her phone."""

    def work(login: str = "anna", key: str = SECRET) -> Phone:
        secret, person_id = distinct_secret(clock), PEOPLE_IDS[login]
        sealed, codes = Box([key]).seal(secret), [rules.cleaned(RECOVERY)]
        assert services.database.run_here(
            lambda db: second_factors.set_up(db, person_id, sealed, step_at(clock()) - 5, clock(), codes), writes=True
        )
        return Phone(clock, secret)

    return work


@pytest.fixture
def phone(give: Callable[..., Phone]) -> Phone:
    return give()


def asked(client: Client, **form: str) -> Element:
    """The form for the code, which a browser gets after the password."""
    answer = client.post(LOGIN, data=ANNA | form, headers=HTML)
    assert answer.status_code == 200 and "session" not in client.cookies
    assert answer.headers["cache-control"] == "private, no-store"
    return parsed(answer.text)


def hidden(document: Element) -> dict[str, str]:
    fields = document.all(lambda it: it.tag == "input" and it.get("type") == "hidden")
    return {it["name"]: it["value"] for it in fields}


def enter(client: Client, form: dict[str, str], code: str) -> httpx.Response:
    answer: httpx.Response = client.post(LOGIN, data=form | {"code": code}, headers=HTML)
    return answer


def is_in(client: Client) -> bool:
    return bool(client.get("/tasks/my-tasks").status_code == 200)


def send(client: Client, code: Any, **more: Any) -> tuple[int, str | None]:
    """Sign in as a program does: everything at once."""
    body = json.dumps(ANNA | {"code": code} | more)
    answer = client.post(LOGIN, content=body, headers={"Content-Type": "application/json"})
    return answer.status_code, answer.json().get("error")


# Signing in


def test_a_browser_is_asked_for_the_code_after_the_password(visit: Visit, phone: Phone) -> None:
    client = visit()
    form = hidden(asked(client, remember="1", next="/tasks?search=x"))
    assert not is_in(client)
    answer = enter(client, form, phone.code())
    assert (answer.status_code, answer.headers["location"]) == (303, "/tasks?search=x") and is_in(client)
    assert "Max-Age=2592000" in next(it for it in answer.headers.get_list("set-cookie") if it.startswith("session="))


def test_a_session_ends_with_the_browser_unless_it_was_to_last(visit: Visit, phone: Phone) -> None:
    client = visit()
    answer = enter(client, hidden(asked(client)), phone.code())
    assert "Max-Age" not in next(it for it in answer.headers.get_list("set-cookie") if it.startswith("session="))


def test_a_program_sends_the_code_together_with_the_password(visit: Visit, phone: Phone) -> None:
    client = visit()
    for code in ("", None, " "):
        assert send(client, code) == (401, "second_factor_required")
    assert client.post(LOGIN, json=ANNA).json()["error"] == "second_factor_required" and not is_in(client)
    assert send(client, phone.code()) == (200, None) and is_in(client)


def test_the_code_of_an_account_without_a_second_factor_means_nothing(visit: Visit) -> None:
    assert send(visit(), "000000") == (200, None)


def test_a_wrong_password_says_nothing_of_the_second_factor(visit: Visit, phone: Phone) -> None:
    for login in ("anna", "boris"):
        answer = visit().post(LOGIN, json={"username": login, "password": "wrong", "code": phone.code()})
        assert (answer.status_code, answer.json()["error"]) == (401, "wrong_credentials")


@pytest.mark.parametrize("away", [-1, 0, 1])
def test_a_clock_may_differ_by_a_step(visit: Visit, phone: Phone, away: int) -> None:
    assert send(visit(), phone.code(away)) == (200, None)


@pytest.mark.parametrize("away", [-3, -2, 2, 3])
def test_codes_that_have_expired_or_are_to_come_are_refused(visit: Visit, phone: Phone, away: int) -> None:
    assert send(visit(), phone.code(away)) == (401, "wrong_credentials")


def odd(phone: Phone) -> dict[str, Any]:
    code = phone.code()
    return {
        "wrong": phone.wrong(),
        "full-width digits": "".join(chr(0xFF10 + int(digit)) for digit in code),
        "half": code[:5],
        "two": code * 2,
        "words": "код",
        "recovery code of nobody": "zzzz-zzzz-zzzz-zzzz",
    }


@pytest.mark.parametrize("kind", odd(Phone(Clock(), "A" * 32)))
def test_a_wrong_code_lets_nobody_in_and_asks_again(visit: Visit, phone: Phone, kind: str) -> None:
    client, code = visit(), odd(phone)[kind]
    assert send(client, code) == (401, "wrong_credentials")
    form = hidden(asked(client))
    answer = enter(client, form, code)
    assert answer.status_code == 401 and "This code is wrong" in answer.text and not is_in(client)
    assert code not in answer.text
    assert enter(client, hidden(parsed(answer.text)), phone.code()).status_code == 303 and is_in(client)


@pytest.mark.parametrize("code", [123456, ["1"], {"a": 1}, True, "\0", "\ud800", "1" * 101])
def test_what_is_no_text_is_refused_as_such(visit: Visit, phone: Phone, code: Any) -> None:
    client = visit()
    assert send(client, code)[0] == 422 and not is_in(client)


@pytest.mark.parametrize("size", [1_000_000, 10_000_000])
def test_a_huge_code_is_not_read(visit: Visit, phone: Phone, size: int) -> None:
    client = visit()
    assert send(client, "1" * size) == (413, "too_large")
    assert enter(client, hidden(asked(client)), "1" * size).status_code == 413 and not is_in(client)


def test_a_code_is_refused_the_second_time(visit: Visit, phone: Phone, clock: Clock) -> None:
    code = phone.code()
    assert send(visit(), code) == (200, None)
    assert send(visit(), code) == (401, "wrong_credentials")
    assert send(visit(), phone.code(-1)) == (401, "wrong_credentials")
    clock.now += STEP
    assert send(visit(), code) == (401, "wrong_credentials")
    assert send(visit(), phone.code()) == (200, None)


def test_of_two_at_once_with_one_code_one_gets_in(visit: Visit, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have read the second factor before either uses the code."""
    clients, both, of_person = [visit(), visit()], Barrier(2, timeout=20), second_factors.of_person

    def read(db: Session, person_id: int) -> Any:
        factor = of_person(db, person_id)
        both.wait()
        return factor

    monkeypatch.setattr(second_factors, "of_person", read)
    with ThreadPoolExecutor(2) as at_once:
        answers = sorted(at_once.map(lambda client: send(client, phone.code()), clients))
    assert answers == [(200, None), (401, "wrong_credentials")]
    assert sorted(map(is_in, clients)) == [False, True]


def test_a_recovery_code_takes_the_place_of_a_code_once(visit: Visit, phone: Phone, clock: Clock) -> None:
    client = visit()
    assert enter(client, hidden(asked(client)), f" {RECOVERY.upper()} ").status_code == 303 and is_in(client)
    assert send(visit(), RECOVERY) == (401, "wrong_credentials")
    clock.now += STEP
    assert send(visit(), phone.code()) == (200, None)


def test_a_recovery_code_of_somebody_else_is_wrong(
    visit: Visit, give: Callable[..., Phone], services: Services
) -> None:
    give("anna"), give("boris")
    mine = sa.delete(RecoveryCode).where(RecoveryCode.person_id == PEOPLE_IDS["anna"])
    services.database.run_here(lambda db: db.execute(mine), writes=True)
    assert send(visit(), RECOVERY) == (401, "wrong_credentials")


def test_a_recovery_code_that_was_used_meanwhile_moves_nothing(services: Services, phone: Phone) -> None:
    """The step must not move on for a code that is wrong: the right one of now would be lost."""
    before = services.database.run_here(lambda db: second_factors.of_person(db, PEOPLE_IDS["anna"]))
    assert before
    used = second_factors.Used(before, before.last_step + 1, "z" * 16)
    with pytest.raises(second_factors.WrongCredentials):
        services.database.run_here(lambda db: second_factors.use(db, used), writes=True)
    assert services.database.run_here(lambda db: second_factors.of_person(db, PEOPLE_IDS["anna"])) == before


# The form for the code


def test_the_seal_of_a_form_ends_with_the_sign_in(visit: Visit, phone: Phone, clock: Clock) -> None:
    client, other = visit(), visit()
    form = hidden(asked(client))
    assert enter(client, form, phone.code()).status_code == 303
    clock.now += STEP
    answer = enter(other, form, phone.code())
    assert answer.status_code == 401 and "sign in again" in answer.text and not is_in(other)
    assert 'name="username"' in answer.text


def test_the_seal_of_a_form_ends_with_another_sign_in_by_a_recovery_code(
    visit: Visit, phone: Phone, clock: Clock
) -> None:
    form = hidden(asked(visit()))
    assert send(visit(), RECOVERY) == (200, None)
    clock.now += STEP
    assert enter(visit(), form, phone.code()).status_code == 401


def test_the_seal_of_a_form_lasts_five_minutes(visit: Visit, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    form = hidden(asked(visit()))
    monkeypatch.setattr(code_step, "SECONDS", -1)
    answer = enter(visit(), form, phone.code())
    assert answer.status_code == 401 and "took too long" in answer.text


def test_a_seal_is_ours_and_of_its_purpose(visit: Visit, phone: Phone) -> None:
    sealed = hidden(asked(visit()))["sealed"]
    cookie = visit("boris").cookies["session"]
    device = visit()
    device.post(LOGIN, json={"username": "boris", "password": PASSWORDS["boris"]})
    forged = sealed[0].swapcase() + sealed[1:]
    for made in ("", "x", forged, sealed + "A", cookie, device.cookies["device"], "1" * 5_000):
        client = visit()
        assert enter(client, {"sealed": made}, phone.code()).status_code == 401 and not is_in(client), made
    for made in (None, 1, [sealed], {"a": sealed}):
        answer = visit().post(LOGIN, json={"sealed": made, "code": phone.code()})
        assert (answer.status_code, answer.json()["error"]) == (401, "not_signed_in")


@pytest.mark.parametrize("change", [{"is_active": False}, {"blocked_at": datetime.now(UTC)}, {"joined_into": 1}])
def test_a_person_who_is_shut_out_between_password_and_code_stays_out(
    visit: Visit, phone: Phone, services: Services, change: dict[str, Any]
) -> None:
    client = visit()
    form = hidden(asked(client))
    away = sa.update(tables.Person).where(tables.Person.id == PEOPLE_IDS["anna"]).values(**change)
    services.database.run_here(lambda db: db.execute(away), writes=True)
    assert enter(client, form, phone.code()).status_code == 401 and not is_in(client)


def test_a_second_factor_that_was_removed_between_password_and_code_asks_for_the_password(
    visit: Visit, phone: Phone, services: Services
) -> None:
    client = visit()
    form = hidden(asked(client))
    services.database.run_here(lambda db: second_factors.remove(db, PEOPLE_IDS["anna"]), writes=True)
    assert enter(client, form, phone.code()).status_code == 401 and not is_in(client)


@pytest.mark.parametrize("changed", ["anna", "boris"])
def test_the_seal_of_a_form_ends_with_the_password(
    visit: Visit, phone: Phone, services: Services, changed: str
) -> None:
    """Also with that of an account which is joined, since it opens this one."""
    join(services, "anna", "boris")
    client = visit()
    form = hidden(asked(client))
    other = sa.update(tables.Person).where(tables.Person.id == PEOPLE_IDS[changed]).values(password_hash="$argon2id$x")
    services.database.run_here(lambda db: db.execute(other), writes=True)
    answer = enter(client, form, phone.code())
    assert answer.status_code == 401 and "sign in again" in answer.text and not is_in(client)


def test_another_site_sends_no_code(visit: Visit, phone: Phone) -> None:
    client = visit()
    sent = hidden(asked(client)) | {"code": phone.code()}
    answer = client.post(LOGIN, data=sent, headers=HTML | {"Origin": "https://evil.test"})
    assert answer.status_code == 403 and not is_in(client)


def test_a_text_whose_session_ended_comes_through_the_form_for_the_code(
    visit: Visit, phone: Phone, number: int
) -> None:
    place = [PEOPLE_IDS["anna"], f"task:{number}:comments", {"comment": "Долгий ответ"}]
    client, carried = visit(), URLSafeTimedSerializer(SECRET, salt="carried").dumps(place)
    document = asked(client, carried=carried)
    assert "Долгий ответ" in document.text
    again = enter(client, hidden(document), phone.wrong())
    assert "Долгий ответ" in again.text
    assert enter(client, hidden(parsed(again.text)), phone.code()).status_code == 303
    assert "Долгий ответ" in client.get(f"/tasks/{number}", headers=HTML).text


# Joined accounts


def join(services: Services, kept: str, joined: str) -> None:
    def work(db: Session) -> None:
        rows = [db.get_one(tables.Person, PEOPLE_IDS[login]) for login in (kept, joined)]
        joins.join(db, *rows, services.clock(), None)

    services.database.run_here(work, writes=True)


@pytest.mark.parametrize("owner", ["anna", "boris"])
def test_a_join_opens_no_account_without_the_second_factor_of_either(
    visit: Visit, give: Callable[..., Phone], services: Services, clock: Clock, owner: str
) -> None:
    phone = give(owner)
    join(services, "boris", "anna")
    for login in ("anna", "boris"):
        sent = {"username": login, "password": PASSWORDS[login]}
        assert send(visit(), "", **sent) == (401, "second_factor_required")
        assert send(visit(), phone.code(), **sent) == (200, None)
        clock.now += STEP
    assert send(visit(), RECOVERY) == (200, None)


def test_of_two_second_factors_that_of_the_kept_account_counts_and_both_are_switched_off(
    visit: Visit, give: Callable[..., Phone], services: Services, clock: Clock
) -> None:
    anna, boris = give("anna"), give("boris")
    join(services, "boris", "anna")
    assert [send(visit(), phone.code()) for phone in (anna, boris)] == [(401, "wrong_credentials"), (200, None)]
    clock.now += STEP
    sent = {"password": PASSWORDS["boris"], "code": boris.code()}
    assert visit("boris").post(f"{PAGE}/off", json=sent).status_code == 200
    assert send(visit(), "") == (200, None)


# Guesses


def test_guesses_at_codes_are_limited_over_all_seals_and_addresses(visit: Visit, phone: Phone, clock: Clock) -> None:
    client = visit(login_rate_limit=LIMIT)
    first = hidden(asked(client))
    assert enter(client, first, phone.wrong()).status_code == 401
    elsewhere = visit(login_rate_limit=LIMIT)
    assert send(elsewhere, phone.wrong()) == (401, "wrong_credentials")
    answer = enter(client, hidden(asked(client)), phone.code())
    assert answer.status_code == 429 and 1 <= int(answer.headers["retry-after"]) <= LIMIT.seconds
    assert 'name="code"' in answer.text and not is_in(client)
    assert send(elsewhere, phone.code()) == (429, "too_many_attempts")
    clock.now += timedelta(seconds=LIMIT.seconds + 1)
    assert send(client, phone.code()) == (200, None)


def test_a_recovery_code_is_guessed_as_slowly(visit: Visit, phone: Phone) -> None:
    client = visit(login_rate_limit=LIMIT)
    for code, status in (("zzzz-zzzz-zzzz-zzzz", 401), ("yyyy-yyyy-yyyy-yyyy", 401), (RECOVERY, 429)):
        assert send(client, code)[0] == status


def test_a_right_code_forgives(visit: Visit, phone: Phone, clock: Clock) -> None:
    client = visit(login_rate_limit=LIMIT)
    for _ in range(3):
        assert send(client, phone.wrong())[0] == 401
        assert send(client, phone.code())[0] == 200
        clock.now += STEP


def test_guesses_of_others_do_not_lock_a_known_device_out(visit: Visit, phone: Phone, clock: Clock) -> None:
    known, other = visit(login_rate_limit=LIMIT), visit(login_rate_limit=LIMIT)
    assert send(known, phone.code()) == (200, None)
    clock.now += STEP
    assert [send(other, phone.wrong())[0] for _ in range(3)] == [401, 401, 429]
    assert send(known, phone.code()) == (200, None)


def test_a_code_is_checked_only_after_the_password(visit: Visit, phone: Phone, services: Services) -> None:
    """Otherwise codes could be guessed without it, or its owner locked out."""
    client = visit(login_rate_limit=LIMIT)
    assert send(client, phone.wrong(), password="wrong") == (401, "wrong_credentials")
    places = services.database.run_here(lambda db: db.exec(select(tables.SigninAttempt.place)).all())
    assert places and not any(place.startswith("code") for place in places)


# SECRET_KEY


def test_a_second_factor_is_opened_by_an_old_key_of_the_list(visit: Visit, give: Callable[..., Phone]) -> None:
    phone = give(key=OLD)
    assert send(visit(secret_key=f"{NEW},{OLD}"), phone.code()) == (200, None)


def test_a_code_of_a_second_factor_that_no_key_opens_lets_nobody_in(visit: Visit, give: Callable[..., Phone]) -> None:
    phone, client = give(key=OLD), visit(secret_key=NEW, login_rate_limit=LIMIT)
    for code in (phone.code(), phone.wrong(), phone.code()):  # none of which is a guess
        assert send(client, code) == (403, "not_allowed")
    answer = enter(client, hidden(asked(client)), phone.code())
    assert answer.status_code == 403 and "tell an administrator" in answer.text and not is_in(client)


def test_a_recovery_code_needs_no_key(visit: Visit, give: Callable[..., Phone]) -> None:
    give(key=OLD)
    client = visit(secret_key=NEW)
    assert send(client, "zzzz-zzzz-zzzz-zzzz") == (401, "wrong_credentials")
    assert enter(client, hidden(asked(client)), RECOVERY).status_code == 303 and is_in(client)
    assert send(visit(secret_key=NEW), RECOVERY) == (401, "wrong_credentials")


def test_a_second_factor_that_no_key_opens_is_switched_off_by_a_recovery_code(
    visit: Visit, give: Callable[..., Phone]
) -> None:
    phone, client = give(key=OLD), visit("anna")
    for code, status in ((phone.code(), 403), (RECOVERY, 200)):
        sent = {"password": PASSWORDS["anna"], "code": code}
        assert client.post(f"{PAGE}/off", json=sent).status_code == status
    assert not state(client)["is_on"]


# The page


def begin(client: Client, login: str = "anna") -> httpx.Response:
    answer: httpx.Response = client.post(PAGE, json={"password": PASSWORDS[login]})
    return answer


def confirm(client: Client, clock: Clock, login: str = "anna") -> tuple[Phone, list[str]]:
    begun = begin(client, login).json()
    phone = Phone(clock, begun["secret"])
    answer = client.post(f"{PAGE}/confirm", json={"sealed": begun["sealed"], "code": phone.code()})
    assert answer.status_code == 200, answer.text
    return phone, answer.json()["recovery_codes"]


def state(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get(PAGE).json()["second_factor"]
    return found


def test_a_browser_sets_it_up_and_signs_in_with_it(visit: Visit, clock: Clock) -> None:
    client = visit("anna")
    assert 'name="password"' in client.get(PAGE, headers=HTML).text
    setup = client.post(PAGE, data={"password": PASSWORDS["anna"], "next": "/views"}, headers=HTML)
    document = parsed(setup.text)
    (secret,) = [it.text.replace(" ", "") for it in document.all(lambda it: it.tag == "code")]
    assert "<svg" in setup.text and "style=" not in setup.text and setup.headers["cache-control"] == "private, no-store"
    phone = Phone(clock, secret)
    wrong = client.post(f"{PAGE}/confirm", data=hidden(document) | {"code": phone.wrong()}, headers=HTML)
    assert wrong.status_code == 422 and "This code is wrong" in wrong.text
    done = client.post(f"{PAGE}/confirm", data=hidden(parsed(wrong.text)) | {"code": phone.code()}, headers=HTML)
    shown = [it.text for it in parsed(done.text).all(lambda it: it.tag == "code")]
    assert done.status_code == 200 and len(set(shown)) == 10 and 'href="/views"' in done.text
    assert done.headers["cache-control"] == "private, no-store"
    assert state(client)["recovery_codes"] == 10 and secret not in client.get(PAGE, headers=HTML).text
    assert send(visit(), phone.code()) == (401, "wrong_credentials")  # it confirmed the set-up
    clock.now += STEP
    assert send(visit(), phone.code()) == (200, None)
    assert [send(visit(), code)[0] for code in (shown[0], shown[0], shown[9])] == [200, 401, 200]


def test_an_app_is_told_the_account_and_the_helpdesk(visit: Visit) -> None:
    begun = begin(visit("anna", brand_name="Помощь")).json()
    app = pyotp.parse_uri(begun["address"])
    assert (app.name, app.issuer, app.secret) == ("anna", "Помощь", begun["secret"])


@pytest.mark.parametrize("body", [{}, {"password": ""}, {"password": "wrong"}, {"password": ["x"]}])
def test_the_password_is_asked_for_again(visit: Visit, body: dict[str, Any]) -> None:
    answer = visit("anna").post(PAGE, json=body)
    assert answer.status_code == 422 and "password" in answer.json()["errors"] and "secret" not in answer.json()


def test_the_password_is_guessed_here_as_slowly_as_at_the_sign_in(visit: Visit) -> None:
    client = visit("anna", login_rate_limit=LIMIT)
    sent = [client.post(PAGE, json={"password": word}).status_code for word in ("a", "b", PASSWORDS["anna"])]
    assert sent == [422, 422, 429]


def test_the_first_code_is_guessed_as_slowly(visit: Visit, clock: Clock) -> None:
    client = visit("anna", login_rate_limit=LIMIT)
    begun = begin(client).json()
    phone = Phone(clock, begun["secret"])
    codes = (phone.wrong(), phone.wrong(), phone.code())
    sent = [client.post(f"{PAGE}/confirm", json={"sealed": begun["sealed"], "code": it}).status_code for it in codes]
    assert sent == [422, 422, 429] and not state(client)["is_on"]


def test_a_set_up_is_its_persons_and_of_a_quarter_of_an_hour(
    visit: Visit, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris = visit("anna"), visit("boris")
    begun = begin(anna).json()
    sent = {"sealed": begun["sealed"], "code": Phone(clock, begun["secret"]).code()}
    assert boris.post(f"{PAGE}/confirm", json=sent).status_code == 422
    monkeypatch.setattr(page, "SECONDS", -1)
    assert anna.post(f"{PAGE}/confirm", json=sent).status_code == 422
    assert anna.post(f"{PAGE}/confirm", data=sent, headers=HTML).status_code == 422
    assert not state(anna)["is_on"] and not state(boris)["is_on"]


def test_a_seal_of_another_purpose_sets_nothing_up(visit: Visit, clock: Clock, give: Callable[..., Phone]) -> None:
    give("anna")
    form = hidden(asked(visit()))
    assert visit("anna").post(f"{PAGE}/confirm", json=form | {"code": "1"}).status_code == 422


def test_nobody_has_two(visit: Visit, clock: Clock) -> None:
    client = visit("anna")
    early = begin(client).json()
    phone, _ = confirm(client, clock)
    assert begin(client).status_code == 422
    again = {"sealed": early["sealed"], "code": Phone(clock, early["secret"]).code()}
    assert client.post(f"{PAGE}/confirm", json=again).status_code == 422
    clock.now += STEP
    assert send(visit(), phone.code()) == (200, None)


def test_it_is_switched_off_by_the_password_and_a_code(visit: Visit, clock: Clock, phone: Phone) -> None:
    client, right = visit("anna"), PASSWORDS["anna"]
    for password, code in (("wrong", phone.code()), (right, phone.wrong()), ("", phone.code()), (right, "")):
        answer = client.post(f"{PAGE}/off", json={"password": password, "code": code})
        assert answer.status_code == 422 and state(client)["is_on"]
    answer = client.post(f"{PAGE}/off", data={"password": right, "code": phone.code()}, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert state(client) == {"is_on": False, "recovery_codes": 0, "is_offered": True, "is_required": False}
    assert visit().post(LOGIN, json=ANNA).status_code == 200
    assert client.post(f"{PAGE}/off", json={"password": right, "code": phone.code(1)}).status_code == 422


def test_a_code_that_signed_in_switches_nothing_off(visit: Visit, phone: Phone) -> None:
    client, code = visit(), phone.code()
    assert send(client, code) == (200, None)
    answer = client.post(f"{PAGE}/off", json={"password": PASSWORDS["anna"], "code": code})
    assert answer.status_code == 422 and state(client)["is_on"]


def test_new_recovery_codes_take_the_place_of_the_old_ones(visit: Visit, phone: Phone) -> None:
    client = visit("anna")
    sent = {"password": PASSWORDS["anna"], "code": phone.code()}
    made = client.post(f"{PAGE}/codes", json=sent).json()["recovery_codes"]
    assert len(set(made)) == 10
    assert [send(visit(), code)[0] for code in (RECOVERY, made[3], made[3])] == [401, 200, 401]
    assert client.post(f"{PAGE}/codes", json=sent).status_code == 422 and state(client)["recovery_codes"] == 9


def test_the_page_says_where_a_form_was_refused(visit: Visit, phone: Phone) -> None:
    for form in ("codes", "off"):
        sent = {"password": PASSWORDS["anna"], "code": phone.wrong()}
        document = parsed(visit("anna").post(f"{PAGE}/{form}", data=sent, headers=HTML).text)
        field = document.by_id(f"code-{form}")
        assert field and field["aria-describedby"] == f"code-{form}-fault"
        assert document.all(lambda it: it.get("autofocus") is not None) == [field]
        assert len(document.of_class("fault")) == 1


def test_pages_need_a_session_and_writes_our_own_pages(visit: Visit, phone: Phone) -> None:
    for path in (PAGE, f"{PAGE}/confirm", f"{PAGE}/codes", f"{PAGE}/off"):
        assert visit().post(path, json={}).status_code == 401
        assert visit("anna").post(path, json={}, headers={"Origin": "https://evil.test"}).status_code == 403
    assert visit().get(PAGE).status_code == 401


def of_redmine(services: Services) -> None:
    """Make anna an account of Redmine, without a password of ours."""
    values = {"source": "redmine", "redmine_id": 7, "password_hash": ""}
    moved = sa.update(tables.Person).where(tables.Person.id == PEOPLE_IDS["anna"]).values(**values)
    services.database.run_here(lambda db: db.execute(moved), writes=True)


def test_an_account_of_another_directory_has_none_unless_it_must(visit: Visit, services: Services) -> None:
    of_redmine(services)
    client = visit("anna")
    assert client.post(PAGE, json={}).status_code == 403 and not state(client)["is_offered"]
    assert PAGE not in client.get("/users/menu", headers=HTML).text
    assert "another directory" in client.get(PAGE, headers=HTML).text
    assert PAGE in visit("boris").get("/users/menu", headers=HTML).text


def test_an_account_that_can_set_up_none_is_led_to_the_one_that_it_has(
    visit: Visit, services: Services, phone: Phone
) -> None:
    of_redmine(services)
    client = visit("anna")
    assert not state(client)["is_offered"] and state(client)["is_on"]
    assert PAGE in client.get("/users/menu", headers=HTML).text and PAGE in client.get("/search").text
    assert client.post(f"{PAGE}/off", json={"code": phone.code()}).status_code == 200
    assert PAGE not in client.get("/users/menu", headers=HTML).text and PAGE not in client.get("/search").text


# SECOND_FACTOR=administrators


@pytest.fixture
def strict(visit: Visit) -> Visit:
    return lambda login=None, **changed: visit(login, second_factor="administrators", **changed)


def test_an_administrator_without_one_sets_it_up_before_anything_else(strict: Visit, clock: Clock) -> None:
    client = strict("admin")
    answer = client.get("/tasks?search=x", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}?next=%2Ftasks%3Fsearch%3Dx")
    answer = client.get("/tasks/1", headers=HTMX)
    assert answer.status_code == 403 and answer.headers["hx-redirect"].startswith(PAGE)
    for method, path in (("GET", "/tasks"), ("POST", "/tasks/new"), ("GET", "/tasks/board/columns"), ("GET", "/")):
        answer = client.request(method, path, json={} if method == "POST" else None)
        assert (answer.status_code, answer.json()["error"]) == (403, "second_factor_required")
    assert client.post(f"{PAGE}/off", json={}).status_code == 403
    setting_up = client.get(f"{PAGE}?next=/tasks", headers=HTML).text
    assert 'class="rail"' not in setting_up and "/users/logout" in setting_up and 'value="/tasks"' in setting_up
    confirm(client, clock, "admin")
    assert client.get("/tasks").status_code == 200 and 'class="rail"' in client.get(PAGE, headers=HTML).text


def test_an_administrator_may_sign_in_and_out_without_one(strict: Visit) -> None:
    client = strict()
    answer = client.post(LOGIN, data={"username": "admin", "password": PASSWORDS["admin"]}, headers=HTML)
    assert answer.status_code == 303 and client.get(answer.headers["location"], headers=HTML).status_code == 303
    assert client.post("/users/logout", headers=HTML).status_code == 303
    assert client.get(PAGE).status_code == 401


def test_the_rule_is_for_administrators_alone(strict: Visit, visit: Visit) -> None:
    assert strict("anna").get("/tasks").status_code == 200 and visit("admin").get("/tasks").status_code == 200


def test_a_named_administrator_needs_one_too(strict: Visit) -> None:
    assert strict("anna", administrators=(("local", "anna"),)).get("/tasks").status_code == 403


def test_an_administrator_of_another_directory_sets_it_up_without_a_password(
    strict: Visit, services: Services, clock: Clock
) -> None:
    of_redmine(services)
    client = strict("anna", administrators=(("redmine", "anna"),))
    assert client.get("/tasks").json()["error"] == "second_factor_required"
    assert 'name="password"' not in client.get(PAGE, headers=HTML).text
    begun = client.post(PAGE, json={}).json()
    phone = Phone(clock, begun["secret"])
    sent = {"sealed": begun["sealed"], "code": phone.code()}
    assert client.post(f"{PAGE}/confirm", json=sent).status_code == 200
    assert client.get("/tasks").status_code == 200


def open_streams(client: Client, services: Services, *logins: str) -> tuple[Callable[[], set[str]], Any]:
    """Open a stream for each, in the application of a client; return what tells whose are over, and its `live`."""
    live = client.app.app.state.services.live  # type: ignore[attr-defined]  # Edge's
    opened = {}
    for login in logins:
        begin = partial(sessions.begin, remember=False, address="", user_agent="")
        begun = services.database.run_here(lambda db: begin(db, PEOPLE_IDS[login], services.clock()), writes=True)  # noqa: B023
        face = Face(events.PROGRAM, "en")
        opened[login] = live.streams.open(PEOPLE_IDS[login], hashed(begun[0]), face, 0, None)
    return (lambda: {login for login, stream in opened.items() if stream.is_over}), live


def test_streams_end_when_their_person_lacks_the_second_factor(
    strict: Visit, give: Callable[..., Phone], services: Services
) -> None:
    """Each of these happens while the streams are open, as by a command in another process."""
    give("admin"), give("boris")
    join(services, "irina", "boris")  # whose second factor is hers then
    over, live = open_streams(strict(), services, "admin", "anna", "irina")

    def happen(*acts: Callable[[Session], object]) -> set[str]:
        services.database.run_here(lambda db: [act(db) for act in acts], writes=True)
        asyncio.run(live.end_finished())
        return over()

    assert happen(lambda db: rights.grant(db, PEOPLE_IDS["irina"], ADMIN)) == set()
    assert happen(lambda db: second_factors.remove(db, PEOPLE_IDS["admin"])) == {"admin"}
    assert happen(lambda db: rights.grant(db, PEOPLE_IDS["anna"], ADMIN)) == {"admin", "anna"}
    assert happen(lambda db: second_factors.remove(db, PEOPLE_IDS["irina"])) == {"admin", "anna", "irina"}


@pytest.mark.parametrize(("rule", "expected"), [("administrators", {"anna"}), ("off", set())])
def test_streams_of_named_administrators_end_too_and_none_without_the_rule(
    visit: Visit, services: Services, rule: str, expected: set[str]
) -> None:
    client = visit(second_factor=rule, administrators=(("local", "ANNA"),))
    over, live = open_streams(client, services, "anna", "boris")
    asyncio.run(live.end_finished())
    assert over() == expected


def test_only_administrators_are_looked_up(strict: Visit, statements: list[str]) -> None:
    anna = strict("anna")
    anna.get("/tasks")
    statements.clear()
    anna.get("/tasks")
    assert not any("second_factor" in each for each in statements)


# Secrets


def texts(record: logging.LogRecord) -> list[str]:
    """What a record says; its times and numbers may look like a code."""
    return [record.getMessage(), *(str(it) for it in vars(record).values() if not isinstance(it, int | float))]


def test_secrets_lie_in_no_log_and_not_in_clear_in_the_store(
    visit: Visit, clock: Clock, caplog: pytest.LogCaptureFixture, tmp_path: Path, services: Services
) -> None:
    caplog.set_level(logging.DEBUG)
    client = visit("anna")
    phone, recovery = confirm(client, clock)
    clock.now += STEP
    codes = [phone.code(), phone.wrong()]
    for code in (*codes, recovery[0], "zzzz-zzzz-zzzz-zzzz"):
        send(visit(), code)
    form = hidden(asked(visit()))
    enter(visit(), form, recovery[1])
    told = " ".join(str(value) for record in caplog.records for value in texts(record))
    stored = b"".join(file.read_bytes() for file in tmp_path.rglob("helpdesk.db*"))
    secrets = [phone.secret, form["sealed"], *recovery, *map(rules.cleaned, recovery)]
    for secret in secrets:
        assert secret not in told and secret.encode() not in stored
    for code in codes:
        assert not re.search(rf"(?<![\d.]){code}(?!\d)", told)


def test_the_log_says_that_somebody_signed_in_only_after_the_code(
    visit: Visit, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client = visit()
    form = hidden(asked(client))
    enter(client, form, phone.wrong())
    enter(client, form, phone.code())
    lines = [it for it in caplog.records if it.name == "helpdesk.sign_in"]
    assert [it.getMessage() for it in lines] == ["code asked for", "code refused", "signed in"]
    assert {(it.login, it.person_id, it.address) for it in lines} == {("anna", PEOPLE_IDS["anna"], "testclient")}


def test_what_is_done_to_it_is_recorded(visit: Visit, clock: Clock, services: Services) -> None:
    client = visit("anna")
    phone, _ = confirm(client, clock)
    for path in ("codes", "off"):
        clock.now += STEP
        client.post(f"{PAGE}/{path}", json={"password": PASSWORDS["anna"], "code": phone.code()})
    query = select(AuditRecord).where(AuditRecord.action != "grant").order_by(AuditRecord.id)
    rows = services.database.run_here(lambda db: db.exec(query).all())
    assert [row.action for row in rows] == ["second factor set up", "recovery codes replaced", "second factor removed"]
    assert {(row.actor_id, row.person_id) for row in rows} == {(PEOPLE_IDS["anna"],) * 2}
