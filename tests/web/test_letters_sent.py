"""Letters reach their people over a real connection to an imitated mail server, by the worker of the application."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from helpdesk.app import create_app
from helpdesk.services import Services
from helpdesk.settings import settings as configuration
from helpdesk.store.database import Database
from helpdesk.store.models.delivery import Letter
from helpdesk.wiring import wire
from tests.servers.imitated_smtp import ImitatedSmtp, imitated_smtp
from tests.web.conftest import HTML, Client, attached, session_cookie
from tests.web.leaks import SECRET
from tests.world import EmbeddedWorld

LETTER = {"recipient": "boss@firma.test", "cc": "late@firma.test", "subject": "Готово", "message": "Всё готово."}


@pytest.fixture
def smtp() -> Iterator[ImitatedSmtp]:
    with imitated_smtp() as server:
        yield server


@pytest.fixture
def services(database: Database, smtp: ImitatedSmtp) -> Services:
    mail = {"SMTP_HOST": smtp.host, "SMTP_PORT": str(smtp.port), "SMTP_TLS": "off", "SMTP_FROM": "desk@example.test"}
    environ = {"SECRET_KEY": SECRET, "DATABASE_URL": str(database.engine.url), "DEFAULT_LOCALE": "en", **mail}
    return wire(configuration.load(environ, Path("/nonexistent")))


@pytest.fixture
def running(services: Services) -> Iterator[Client]:
    app = create_app(services)
    with Client(app, follow_redirects=False) as client:
        yield client


def as_(client: Client, services: Services, login: str) -> Client:
    client.cookies.set("session", session_cookie(services, login))
    return client


def test_a_letter_from_a_task_is_sent_as_it_was_written(
    running: Client, services: Services, smtp: ImitatedSmtp, embedded: EmbeddedWorld, number: int
) -> None:
    file, client = attached(embedded, number, b"plan \x00"), as_(running, services, "anna")
    told = client.post(f"/tasks/api/task/{number}/send-email", json={**LETTER, "attachments": [file]}).json()
    assert (told["delivery"]["state"], told["message"]) == ("sent", "The letter was sent.")
    (received,) = smtp.received
    assert received.recipients == ("boss@firma.test", "late@firma.test")
    message = received.message
    assert (message["Subject"], message["Reply-To"]) == (f"[#{number}] Готово", "anna@example.test")
    assert message["References"] == message["In-Reply-To"] == f"<task-{number}@example.test>"
    assert [it.get_content() for it in message.iter_attachments()] == ["plan \x00"]
    assert services.database.run_here(lambda db: db.exec(select(Letter.content)).one()) == ""


def test_who_has_not_got_a_letter_that_others_have_is_named(
    running: Client, services: Services, smtp: ImitatedSmtp, number: int
) -> None:
    client, body = as_(running, services, "anna"), {**LETTER, "recipient": "boss@firma.test, slow@firma.test"}
    smtp.answers |= {"slow@firma.test": ["250 OK", "451 greylisted"], "late@firma.test": ["250 OK", "550 gone"]}
    told = client.post(f"/tasks/api/task/{number}/send-email", json=body).json()
    assert told["message"].endswith("The mail server takes it later for: slow@firma.test")
    assert told["delivery"] | {"id": 0} == {
        "id": 0, "state": "waiting", "put_off": ["slow@firma.test"], "not_to": ["late@firma.test"]
    }  # fmt: skip
    smtp.answers["late@firma.test"] = ["250 OK", "550 gone"]
    told = client.post(f"/tasks/api/task/{number}/send-email", json=LETTER).json()
    assert told["message"] == "The letter was sent, but not to: late@firma.test"
    page = client.get(f"/tasks/{number}/mail", headers=HTML).text
    assert "but not to: late@firma.test" in page and "yet to be sent to: slow@firma.test" in page


def test_a_letter_that_all_refuse_at_last_is_told_and_flags_nobody(
    running: Client, services: Services, smtp: ImitatedSmtp, number: int
) -> None:
    client = as_(running, services, "anna")
    smtp.answers |= {"boss@firma.test": ["250 OK", "550 gone"], "late@firma.test": ["250 OK", "550 gone"]}
    told = client.post(f"/tasks/api/task/{number}/send-email", json=LETTER).json()
    assert (told["delivery"]["state"], smtp.received) == ("failed", [])
    assert as_(client, services, "admin").get("/admin/delivery").json()["flagged"] == []


def test_a_letter_to_many_reaches_each_by_a_mail_of_their_own(
    running: Client, services: Services, smtp: ImitatedSmtp
) -> None:
    client = as_(running, services, "admin")
    body = {
        "group": "all",
        "subject": "Работы <b>",
        "text": "Сети не будет.\n<script>",
        "sure": True,
        "idempotency_key": "k",
    }
    assert client.post("/admin/mail", json=body).status_code == 201
    received = smtp.wait_for(5)
    assert sorted(it.recipients for it in received) == sorted(
        (f"{login}@example.test",) for login in ("admin", "anna", "boris", "irina", "stranger")
    )
    message = received[0].message
    html = message.get_body(("html",))
    assert "Работы <b>" in message["Subject"] and html and "<script>" not in html.get_content()
