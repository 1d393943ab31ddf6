"""Signing in and out."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from helpdesk.errors import Unavailable
from helpdesk.people.directory import Checking, Profile, unlimited
from helpdesk.people.local import LocalDirectory
from helpdesk.services import Services
from helpdesk.settings.settings import RateLimit
from helpdesk.store import people
from helpdesk.store.models import tables
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import PASSWORDS, PEOPLE_IDS

ANNA = {"username": "anna", "password": PASSWORDS["anna"]}


def sessions_of(services: Services, login: str) -> int:
    chosen = select(tables.Session).where(tables.Session.person_id == PEOPLE_IDS[login])
    return services.database.run_here(lambda db: len(db.exec(chosen).all()))


def test_a_program_signs_in_and_is_told_who_it_is(visit: Visit) -> None:
    client = visit()
    answer = client.post("/users/login", json=ANNA)
    told = answer.json()
    assert answer.status_code == 200 and told["success"] is True and told["message"]
    assert told["redirect"] == told["redirect_url"] == "/tasks/my-tasks"
    assert told["user"] == {
        "id": PEOPLE_IDS["anna"],
        "username": "anna",
        "email": "anna@example.test",
        "full_name": "Анна Смирнова",
        "is_admin": False,
        "is_redmine_user": False,
        "can_access_quality_control": False,
        "can_access_contact_center_moscow": False,
        "can_supervise_calls": False,
        "can_write_posts": False,
        "can_access_redmine_report": False,
    }
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("session=") and "httponly" in cookie and "samesite=lax" in cookie
    assert "max-age" not in cookie and "secure" not in cookie
    assert client.get("/tasks/my-tasks").status_code == 200


@pytest.mark.parametrize("username", ["anna", " Anna ", "ANNA@example.test"])
def test_a_browser_signs_in_by_login_or_e_mail_and_goes_where_it_wanted(visit: Visit, username: str) -> None:
    form = {**ANNA, "username": username, "next": "/tasks/7?x=1"}
    answer = visit().post("/users/login", data=form, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/tasks/7?x=1")


@pytest.mark.parametrize(
    "target",
    ["//evil.test", "https://evil.test/", "/\\evil.test", "javascript:alert(1)", "tasks", "/a\nb", "/\t/evil.test"],
)
def test_nobody_is_sent_to_another_site(visit: Visit, target: str) -> None:
    answer = visit().post("/users/login", data={**ANNA, "next": target}, headers=HTML)
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    ("remember", "lasts"), [(False, timedelta(hours=12)), (True, timedelta(days=30))], ids=["idle", "remembered"]
)
def test_remembered_sessions_last_30_days_and_others_12_hours_without_use(
    visit: Visit, services: Services, remember: bool, lasts: timedelta
) -> None:
    client = visit()
    answer = client.post("/users/login", json={**ANNA, "remember": remember})
    assert (f"Max-Age={30 * 24 * 3600}" in answer.headers["set-cookie"]) == remember
    ours = client.app.app.state.services
    for later, status in ((lasts - timedelta(minutes=1), 200), (lasts + timedelta(minutes=1), 401)):
        client.app.app.state.services = replace(ours, clock=lambda later=later: services.clock() + later)
        assert client.get("/tasks/my-tasks", headers=HTMX).status_code == status


def test_the_cookie_is_secure_when_our_address_is(visit: Visit) -> None:
    client = visit(public_url="https://helpdesk.example.test")
    answer = client.post("/users/login", json=ANNA)
    assert "secure" in answer.headers["set-cookie"].lower()


def test_an_unknown_login_and_a_wrong_password_have_the_same_words(visit: Visit) -> None:
    answers = [
        visit().post("/users/login", json=body, headers={"X-Request-ID": "same"})
        for body in ({"username": "anna", "password": "wrong"}, {"username": "nobody", "password": "wrong"})
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json() and answers[0].json()["error"] == "wrong_credentials"


def test_a_wrong_password_keeps_the_login_and_never_the_password(visit: Visit) -> None:
    page = visit().post("/users/login", data={"username": "anna", "password": "sesame-77"}, headers=HTML)
    assert page.status_code == 401 and 'value="anna"' in page.text and "sesame-77" not in page.text
    assert "The login or the password is wrong." in page.text


def test_a_session_gets_a_new_id_at_each_sign_in_and_the_old_one_ends(visit: Visit, services: Services) -> None:
    client = visit()
    client.post("/users/login", json=ANNA)
    old = client.cookies["session"]
    client.post("/users/login", json=ANNA)
    assert client.cookies["session"] != old and sessions_of(services, "anna") == 1
    client.cookies.clear()
    client.cookies.set("session", old)
    assert client.get("/tasks/my-tasks").status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "x.y", "a" * 5000, "%00"])
def test_a_made_up_cookie_is_nobody(visit: Visit, cookie: str) -> None:
    client = visit()
    client.cookies.set("session", cookie)
    assert client.get("/tasks/my-tasks").status_code == 401


def test_signing_out_ends_this_session_or_all(visit: Visit, services: Services) -> None:
    here, there = visit("anna"), visit("anna")
    assert here.post("/users/logout", headers=HTML).headers["location"] == "/users/login"
    assert (here.get("/tasks/my-tasks").status_code, there.get("/tasks/my-tasks").status_code) == (401, 200)
    third = visit("anna")
    there.post("/users/logout", data={"everywhere": "1"}, headers=HTML)
    assert third.get("/tasks/my-tasks").status_code == 401 and sessions_of(services, "anna") == 0


def test_a_browsers_get_asks_before_it_signs_out_and_a_programs_does(anna: Client) -> None:
    assert "Sign out?" in anna.get("/users/logout", headers=HTML).text
    assert anna.get("/tasks/my-tasks").status_code == 200
    assert anna.get("/users/logout").json()["success"] is True
    assert anna.get("/tasks/my-tasks").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "image", "Accept": "image/avif,image/*,*/*;q=0.8"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "audio", "Accept": "*/*"},
        {"Accept": "image/avif,image/webp,image/*,*/*;q=0.8"},  # as at a plain http address
    ],
)
def test_a_picture_in_a_text_signs_nobody_out(anna: Client, headers: dict[str, str]) -> None:
    assert "set-cookie" not in anna.get("/users/logout", headers=headers).headers
    assert anna.get("/tasks/my-tasks").status_code == 200


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Dest": "empty"}, {"Sec-Fetch-Dest": "document"}, {}])
def test_a_script_or_a_program_signs_out_by_a_get(anna: Client, headers: dict[str, str]) -> None:
    assert anna.get("/users/logout", headers={"Accept": "application/json"} | headers).json()["success"] is True
    assert anna.get("/tasks/my-tasks").status_code == 401


def test_another_sites_page_signs_nobody_out(anna: Client) -> None:
    assert anna.get("/users/logout", headers={"Sec-Fetch-Site": "same-site", "Accept": "*/*"}).status_code == 403
    assert anna.get("/tasks/my-tasks").status_code == 200


def test_a_page_without_a_session_leads_to_sign_in_and_back(visit: Visit) -> None:
    answer = visit().get("/tasks/7?a=b", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/users/login?next=%2Ftasks%2F7%3Fa%3Db")
    assert visit().get("/tasks/7").json()["error"] == "not_signed_in"


def test_somebody_signed_in_is_not_asked_again(visit: Visit) -> None:
    assert visit("anna").get("/users/login?next=/tasks/7", headers=HTML).headers["location"] == "/tasks/7"


def test_a_disabled_account_is_out_at_once(anna: Client, visit: Visit, services: Services) -> None:
    services.database.run_here(lambda db: people.disable(db, "anna"), writes=True)
    assert anna.get("/tasks/my-tasks").status_code == 401
    assert visit().post("/users/login", json=ANNA).status_code == 401


def test_too_many_failures_are_slowed_down_per_login(visit: Visit) -> None:
    client = visit(login_rate_limit=RateLimit(2, 60))
    wrong = {"username": "anna", "password": "wrong"}
    assert [client.post("/users/login", json=wrong).status_code for _ in range(2)] == [401, 401]
    for body in (wrong, ANNA):
        answer = client.post("/users/login", json=body)
        assert answer.status_code == 429 and 1 <= int(answer.headers["retry-after"]) <= 60
    assert client.post("/users/login", data=ANNA, headers=HTML).headers["retry-after"]
    assert client.post("/users/login", json={**wrong, "username": "boris"}).status_code == 401


def test_guesses_over_many_logins_from_one_address_are_slowed_down_too(visit: Visit) -> None:
    client = visit(login_rate_limit=RateLimit(1, 60))
    answers = [client.post("/users/login", json={"username": f"n{n}", "password": "x"}) for n in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]


def test_success_forgives_the_failures_before_it(visit: Visit) -> None:
    client = visit(login_rate_limit=RateLimit(2, 60))
    wrong = {"username": "anna", "password": "wrong"}
    for body, status in ((wrong, 401), (ANNA, 200), (wrong, 401), (ANNA, 200)):
        assert client.post("/users/login", json=body).status_code == status


def test_a_directory_that_is_down_says_so_and_keeps_the_login(visit: Visit) -> None:
    class Down(LocalDirectory):
        async def sign_in(self, login: str, password: str, checking: Checking = unlimited) -> Profile | None:
            raise Unavailable(detail="no answer")

    client = visit()
    services = client.app.app.state.services
    down = replace(services.authentication, directories=(Down(services.database),))
    client.app.app.state.services = replace(services, authentication=down)
    answer = client.post("/users/login", json=ANNA)
    assert answer.status_code == 503 and answer.headers["retry-after"]
    page = client.post("/users/login", data=ANNA, headers=HTML)
    assert page.status_code == 503 and 'value="anna"' in page.text and PASSWORDS["anna"] not in page.text


def test_no_password_lies_in_the_store(visit: Visit, services: Services) -> None:
    visit().post("/users/login", json=ANNA)

    def hashes(db: Session) -> list[str | None]:
        return list(db.exec(select(tables.Person.password_hash)).all())

    assert all(found and found.startswith("$argon2id$") for found in services.database.run_here(hashes))


def test_theme_and_language_are_kept_in_the_browser(visit: Visit) -> None:
    client = visit()
    answer = client.post(
        "/preferences",
        data={"theme": "dark", "locale": "ru"},
        headers=HTML | {"Referer": "http://testserver/users/login?next=/tasks/7"},
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/users/login?next=/tasks/7")
    page = client.get("/users/login", headers=HTML).text
    assert '<html lang="ru" data-theme="dark">' in page and "Вход" in page
    client.post("/preferences", data={"theme": "", "locale": "<script>"}, headers=HTML)
    assert '<html lang="ru">' in client.get("/users/login", headers=HTML).text


@pytest.mark.parametrize("form", [{}, {"theme": "pink"}, {"colour": "dark"}])
def test_a_choice_that_does_not_exist_is_not_said_to_be_saved(visit: Visit, form: dict[str, str]) -> None:
    client = visit()
    answer = client.post("/preferences", data=form, headers=HTML)
    assert answer.status_code == 422 and not client.cookies
    assert "Your choice was saved." not in client.get("/users/login", headers=HTML).text


def test_signing_out_makes_the_browser_forget_pages_and_nothing_else(visit: Visit) -> None:
    for headers in (HTML, {}):
        assert visit("anna").post("/users/logout", headers=headers).headers["clear-site-data"] == '"cache"'
    assert "clear-site-data" not in visit("anna").get("/users/logout", headers=HTML).headers
