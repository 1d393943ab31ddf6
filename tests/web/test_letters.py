"""Mail written from a task: what is checked before anything is written, its comment, and its letter in the outbox."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.message import EmailMessage
from email.policy import default as policy
from functools import partial
from typing import Any, get_args

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from helpdesk.errors import StoreUnavailable
from helpdesk.languages import say
from helpdesk.notifications.channels.email import compose
from helpdesk.notifications.plain_text import excerpt
from helpdesk.services import Services
from helpdesk.store import letters, outbox
from helpdesk.store.models.delivery import Letter, OutboxRow
from helpdesk.tasks.model import TextFormat
from helpdesk.web.mail import letter_input, sending
from tests.servers.imitated_smtp import ImitatedSmtp, imitated_smtp
from tests.servers.process import free_port
from tests.web.conftest import HTML, Client, Visit, attached, notes
from tests.web.dom import parsed
from tests.web.test_drafts import hidden
from tests.world import PEOPLE_IDS, EmbeddedWorld

LETTER = {"recipient": "boss@firma.test", "message": "Добрый день!\n<b>Готово</b>"}


@pytest.fixture(scope="module")
def smtp() -> Iterator[ImitatedSmtp]:
    with imitated_smtp() as server:
        yield server


@pytest.fixture
def writer(visit: Visit, smtp: ImitatedSmtp) -> Client:
    smtp.answers.clear()
    return visit("anna", **mail_at(smtp.port))


def mail_at(port: int) -> dict[str, object]:
    where = {"smtp_host": "127.0.0.1", "smtp_given_port": port, "smtp_encryption": "off"}
    return {**where, "smtp_from": "Helpdesk <helpdesk@example.test>"}


def send(client: Client, number: int, **changed: object) -> Any:
    return client.post(f"/tasks/api/task/{number}/send-email", json={**LETTER, **changed})


def stored(services: Services) -> list[tuple[Letter, OutboxRow]]:
    joined = select(Letter, OutboxRow).where(OutboxRow.letter_id == Letter.id)
    return [(it, row) for it, row in services.database.run_here(lambda db: db.exec(joined).all())]


def mime(letter: Letter) -> EmailMessage:
    message = message_from_string(letter.content, policy=policy)
    assert isinstance(message, EmailMessage)
    return message


def test_a_letter_leaves_a_comment_and_waits_in_the_outbox_once(
    writer: Client, number: int, embedded: EmbeddedWorld, services: Services
) -> None:
    file = attached(embedded, number, b"plan \x00", "план.txt")
    body = {"cc": "x@firma.test; y@firma.test", "subject": "Готово", "attachments": [file], "idempotency_key": "k"}
    for _ in range(2):
        answer = send(writer, number, **body).json()
        assert (answer["success"], answer["delivery"]["state"]) == (True, "waiting"), answer
    ((letter, row),) = stored(services)
    message = mime(letter)
    assert (message["Subject"], message["Reply-To"], message["Cc"]) == (
        f"[#{number}] Готово",
        "anna@example.test",
        "x@firma.test, y@firma.test",
    )
    assert [it.get_content() for it in message.iter_attachments()] == ["plan \x00"]
    assert (row.channel, row.person_id, row.task_id, row.event) == ("email", 2, number, f"letter.{letter.id}")
    (note,) = notes(writer, number)[-1:]
    assert (
        "boss@firma.test" in note
        and "y@firma.test" in note
        and "план.txt" in note
        and "\n\nДобрый день!\n<b>Готово</b>" in note
    )
    assert "boss@firma.test" not in str(notes(writer, number)[:-1])
    entry = writer.get(f"/tasks/api/task/{number}/history").json()["history"][-1]
    assert entry["private"] is True


def test_a_refused_address_is_told_in_the_form_and_nothing_is_written(
    writer: Client, number: int, smtp: ImitatedSmtp, services: Services
) -> None:
    smtp.answers["nobody@firma.test"] = "550 <i>no such user"
    page = writer.get(f"/tasks/{number}/mail", headers=HTML).text
    form = {**LETTER, "typed_by": hidden(page, "typed_by"), "recipient": "nobody@firma.test", "private": "1"}
    answer = writer.post(f"/tasks/{number}/mail", data=form, headers=HTML)
    assert answer.status_code == 422 and "no such user" in parsed(answer.text).text and "<i>no" not in answer.text
    assert stored(services) == [] and not any("nobody@" in it for it in notes(writer, number))
    again = writer.get(f"/tasks/{number}/mail", headers=HTML).text
    assert "Draft from" in again and "nobody@firma.test" in again
    sent = writer.post(f"/tasks/{number}/mail", data={**form, "recipient": "boss@firma.test"}, headers=HTML)
    assert sent.headers["location"] == f"/tasks/{number}/mail?letter=1#letters"
    page = writer.get(f"/tasks/{number}/mail", headers=HTML).text
    assert "Draft from" not in page and "waits to be sent" in page and "as soon as the mail server takes it" in page


def test_a_server_that_does_not_answer_lets_the_letter_wait(visit: Visit, number: int, services: Services) -> None:
    answer = send(visit("anna", **mail_at(free_port())), number).json()
    assert answer["delivery"]["state"] == "waiting" and len(stored(services)) == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"recipient": ""}, "recipient"),
        ({"recipient": "a@b.test\r\nBcc: x@y.test"}, "recipient"),
        ({"recipient": "Name <a@b.test>"}, "recipient"),
        ({"cc": ",".join(f"a{number}@b.test" for number in range(20))}, "cc"),
        ({"cc": ",".join(f"a{number}@b.test" for number in range(200))}, "cc"),
        ({"recipient": f"{'a' * 65}@b.test"}, "recipient"),
        ({"sender": "x@y.test\nX: 1"}, "sender"),
        ({"message": " "}, "message"),
        ({"message": "x" * 60_001}, "message"),
        ({"attachments": [99_999]}, "attachments"),
        ({"attachments": list(range(1, 30))}, "attachments"),
    ],
)
def test_bad_input_is_refused_by_its_field(
    writer: Client, number: int, services: Services, changed: dict[str, object], field: str
) -> None:
    answer = send(writer, number, **changed)
    assert answer.status_code == 422 and field in answer.json()["errors"], answer.text
    assert stored(services) == []


def test_a_subject_can_add_no_header(writer: Client, number: int, services: Services) -> None:
    assert send(writer, number, subject="Hi\r\nBcc: x@y.test").status_code == 200
    ((letter, _),) = stored(services)
    assert mime(letter)["Bcc"] is None and mime(letter)["Subject"] == f"[#{number}] Hi Bcc: x@y.test"


def test_a_new_file_comes_with_a_public_comment_and_too_many_bytes_do_not(
    writer: Client, number: int, services: Services
) -> None:
    address, big = f"/tasks/{number}/mail", b"x" * (10 * 1024 * 1024 + 1)
    answer = writer.post(address, data=LETTER, files={"files": ("big.bin", big)}, headers=HTML)
    assert answer.status_code == 422 and "10 MB" in answer.text
    answer = writer.post(address, data={**LETTER, "private": "1"}, files={"files": ("a.txt", b"new")}, headers=HTML)
    assert answer.status_code == 422 and stored(services) == []
    answer = writer.post(address, data=LETTER, files={"files": ("a.txt", b"new")}, headers=HTML)
    assert answer.status_code == 303, answer.text
    ((letter, _),) = stored(services)
    assert [it.get_filename() for it in mime(letter).iter_attachments()] == ["a.txt"]


def test_a_comment_without_its_letter_is_told(
    writer: Client, number: int, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise StoreUnavailable

    monkeypatch.setattr(letters, "add", broken)
    answer = send(writer, number, idempotency_key="k")
    assert "is not sent" in answer.json()["message"] and answer.json()["incomplete"]
    monkeypatch.undo()
    assert send(writer, number, idempotency_key="k").json() == answer.json()
    assert stored(services) == [] and len([it for it in notes(writer, number) if "boss@" in it]) == 1


def test_only_who_may_comment_writes_and_others_letters_need_the_right_to_internal_comments(
    writer: Client, visit: Visit, number: int, smtp: ImitatedSmtp
) -> None:
    assert send(writer, number).status_code == 200
    address = f"/tasks/{number}/mail"
    settings = mail_at(smtp.port)
    assert visit("stranger", **settings).get(address).status_code == 404
    assert len(visit("boris", **settings).get(address).json()["letters"]) == 1
    assert visit("irina", **settings).get(address).json()["letters"] == []
    assert visit("anna").get(address).status_code == 501
    assert "Write an e-mail" in writer.get(f"/tasks/{number}", headers=HTML).text


@pytest.mark.parametrize("text_format", get_args(TextFormat))
def test_the_notification_of_a_letter_says_its_text(text_format: TextFormat) -> None:
    letter = letter_input.Letter(("boss@firma.test",), (), "Счёт", "Добрый день!\nВсё готово.", (), True)
    written = sending.comment(partial(say, "en"), text_format, letter)
    assert excerpt(written).endswith("Subject: Счёт Добрый день! Всё готово.")


@pytest.mark.parametrize("state", ["sent", "failed"])
def test_the_content_goes_with_the_end_of_its_row(writer: Client, number: int, services: Services, state: str) -> None:
    send(writer, number)
    now = datetime.now(UTC)

    def end(db: Session) -> None:
        (row,) = outbox.claim(db, "email", "me", now, 60, 1)
        if state == "sent":
            outbox.end_sent(db, [row], now)
        else:
            outbox.end(db, row, state, now, "refused", "550 no")

    services.database.run_here(end, writes=True)
    ((letter, _),) = stored(services)
    assert letter.content == ""
    (told,) = writer.get(f"/tasks/{number}/mail").json()["letters"]
    assert (told["state"], told["detail"]) == (state, "550 no" if state == "failed" else None)


MANY = {"group": "all", "subject": "Работы <b>", "text": "Сеть не работает."}


def progress(client: Client, address: str) -> dict[str, Any]:
    told: dict[str, Any] = client.get(address).json()
    return told


def test_a_letter_to_many_is_looked_at_then_sent_once_to_each(
    visit: Visit, smtp: ImitatedSmtp, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    smtp.answers.clear()
    nameless = sa.text("UPDATE person SET email = '' WHERE login = 'stranger'")
    services.database.run_here(lambda db: db.execute(nameless), writes=True)
    admin = visit("admin", **mail_at(smtp.port))
    look = admin.post("/admin/mail", data=MANY, headers=HTML).text
    assert "Everybody: 4" in parsed(look).text and "1 without an address" in look and "Работы <b>" in parsed(look).text
    assert stored(services) == []
    back = admin.post("/admin/mail", data={**MANY, "sure": "1", "back": "1"}, headers=HTML).text
    assert "Сеть не работает.</textarea>" in back and "Check the letter" not in back and stored(services) == []
    form = {**MANY, "sure": "1", "idempotency_key": re.findall(r'idempotency_key" value="([^"]+)', look)[0]}
    for _ in range(2):
        address = admin.post("/admin/mail", data=form, headers=HTML).headers["location"]
    rows = [row for _, row in stored(services)]
    assert {row.person_id for row in rows} == set(PEOPLE_IDS.values()) - {PEOPLE_IDS["stranger"]} and len(rows) == 4
    assert progress(admin, address)["waiting"] == 4 and progress(admin, address)["missing"] == 0
    services.database.run_here(lambda db: db.delete(db.get(OutboxRow, rows[0].id)), writes=True)
    assert progress(admin, address)["missing"] == 1
    admin.post(address, json={})
    admin.post(address, json={})
    assert progress(admin, address)["waiting"] == 4
    page = admin.get(address, headers=HTML).text
    assert "0 of 4 sent" in page and "every 3s" in page and "Анна" not in page
    refused = sa.text("UPDATE outbox SET state = 'failed', reason = 'refused' WHERE person_id = :id")
    services.database.run_here(lambda db: db.execute(refused, {"id": PEOPLE_IDS["anna"]}), writes=True)
    (why,) = progress(admin, address)["reasons"]
    assert why["count"] == 1 and why["people"][0] in admin.get(address, headers=HTML).text
    assert "Работы" in admin.get("/admin/audit?group=settings").text or "letter_to_many" in str(
        admin.get("/admin/audit?group=settings").json()
    )


@pytest.mark.parametrize("group", ["right:root", "department:", "nobody", "department:Нет такого"])
def test_an_group_of_nobody_is_refused(visit: Visit, smtp: ImitatedSmtp, group: str) -> None:
    admin = visit("admin", **mail_at(smtp.port))
    answer = admin.post("/admin/mail", json={**MANY, "group": group, "sure": True, "idempotency_key": "k"})
    assert answer.status_code == 422 and "group" in answer.json()["errors"]


def test_a_letter_to_many_needs_a_key_by_which_it_is_sent_once(
    visit: Visit, smtp: ImitatedSmtp, services: Services
) -> None:
    admin = visit("admin", **mail_at(smtp.port))
    answer = admin.post("/admin/mail", json={**MANY, "sure": True})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["idempotency_key"])
    assert stored(services) == []
    for _ in range(2):
        answer = admin.post("/admin/mail", json={**MANY, "sure": True}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 201 and len({row.letter_id for _, row in stored(services)}) == 1


def test_the_audit_tells_to_whom_a_letter_went(writer: Client, visit: Visit, number: int, smtp: ImitatedSmtp) -> None:
    send(writer, number, cc="x@firma.test")
    records = visit("admin", **mail_at(smtp.port)).get("/admin/audit?group=tasks").json()
    assert "letter_sent" in str(records) and "boss@firma.test" in str(records) and "x@firma.test" in str(records)


def test_a_letter_that_can_not_be_composed_leaves_no_comment(
    writer: Client, number: int, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> EmailMessage:
        raise ValueError

    monkeypatch.setattr(compose, "task_letter", broken)
    answer = writer.post(f"/tasks/{number}/mail", data=LETTER, files={"files": ("a.txt", b"new")}, headers=HTML)
    assert answer.status_code == 500
    assert stored(services) == [] and not any("boss@firma.test" in it for it in notes(writer, number))


def test_another_address_for_answers_is_told_in_the_comment(writer: Client, number: int, services: Services) -> None:
    send(writer, number, sender="Anna@example.test")
    assert "Answers to" not in notes(writer, number)[-1]
    send(writer, number, sender="other@elsewhere.test")
    assert "Answers to: other@elsewhere.test" in notes(writer, number)[-1]
    assert [mime(it)["Reply-To"] for it, _ in stored(services)] == ["anna@example.test", "other@elsewhere.test"]


def test_who_may_only_write_internal_comments_sees_own_letters_alone(
    writer: Client, visit: Visit, number: int, smtp: ImitatedSmtp, services: Services
) -> None:
    send(writer, number)
    hidden_ones = sa.text("UPDATE tracker_role SET permissions = replace(permissions, 'view_private', 'none')")
    services.database.run_here(lambda db: db.execute(hidden_ones), writes=True)
    boris = visit("boris", **mail_at(smtp.port))
    assert boris.get(f"/tasks/{number}/mail").json()["letters"] == []
    send(boris, number)
    assert len(boris.get(f"/tasks/{number}/mail").json()["letters"]) == 1


def test_after_very_many_addresses_the_next_letter_has_to_wait(
    visit: Visit, smtp: ImitatedSmtp, number: int, services: Services
) -> None:
    smtp.answers.clear()
    anna, boris = (visit(login, **mail_at(smtp.port), letters_per_day=24) for login in ("anna", "boris"))
    assert send(anna, number, cc=",".join(f"a{count}@firma.test" for count in range(19))).status_code == 200
    before = notes(anna, number)
    refused = send(anna, number)
    assert refused.status_code == 429 and 3_500 < int(refused.headers["retry-after"]) <= 3_600
    page = anna.post(f"/tasks/{number}/mail", data=LETTER, headers=HTML)
    assert page.status_code == 429 and "very many addresses" in page.text and "boss@firma.test" in page.text
    assert notes(anna, number) == before and len(stored(services)) == 1
    assert send(boris, number).status_code == 200
    earlier = sa.update(Letter).values(created_at=datetime.now(UTC) - timedelta(hours=1))
    services.database.run_here(lambda db: db.execute(earlier), writes=True)
    assert [send(anna, number).status_code for _ in range(5)] == [200] * 4 + [429]
