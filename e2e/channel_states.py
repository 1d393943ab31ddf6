"""What pushes and mail leave behind, written into a store, and the pages that tell of it: see states.py."""

from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

from playwright.sync_api import expect
from sqlmodel import Session, select

from e2e.states import TEXT, Part, Stage, at
from helpdesk.notifications.channels.email import unsubscribe
from helpdesk.notifications.channels.email.unsubscribe import Link
from helpdesk.notifications.kinds import Type
from helpdesk.notifications.reasons import REASONS
from helpdesk.store import channel_states, devices, flagged_addresses, letters, outbox
from helpdesk.store.devices import Address
from helpdesk.store.letters import Group, NewLetter
from helpdesk.store.models.delivery import Device, OutboxRow
from tests.running import SECRET_KEY
from tests.world import PEOPLE_IDS

ADMIN, ANNA, BORIS = (PEOPLE_IDS[login] for login in ("admin", "anna", "boris"))
LONG = "никакихсловдлиннеетридцатишестибукв" * 3
WORDS = f"550 5.1.1 <anna@example.test>: Recipient address rejected: {LONG}"
DECIDED, FILES = 20, 10
STATES = (outbox.FAILED, outbox.SENT, outbox.SKIPPED)
TYPES: tuple[Type, ...] = ("comment", "assigned", "status")


def fill(session: Session, task: int) -> None:
    """Write devices that failed, decisions for every reason, letters, and channels that rest and are stopped."""
    now = datetime.now(UTC)
    for number, (service, name) in enumerate((("webpush", "Chrome, Windows"), ("webpush", LONG), ("fcm", "Pixel 9"))):
        place = Address(service, f"https://fcm.googleapis.com/{number}")
        _end(devices.subscribe(session, ANNA, place, name, "", now - timedelta(days=number)), number, now)
    flagged_addresses.flag(session, ANNA, "anna@example.test", WORDS, now)
    for number, reason, state, type in zip(range(DECIDED), REASONS, cycle(STATES), cycle(TYPES), strict=False):
        session.add(_decision("email", number, now, state=state, reason=reason, type=type, task_id=task))
    session.add(_decision("email", 100, now, state=outbox.WAITING, reason="unreachable", attempts=3))
    channel_states.fail(session, "email", "unreachable", WORDS, now - timedelta(hours=2), now + timedelta(hours=1))
    channel_states.stop(session, "webpush", ADMIN)
    _letters(session, task, now)


def _end(device: Device, number: int, now: datetime) -> None:
    """The first one was reached, the second one was not after that, the third one never."""
    if number < 2:
        device.succeeded_at = now - timedelta(days=number)
    if number == 1:
        device.failed_at, device.failure = now, "unreachable"


def _decision(channel: str, number: int, now: datetime, **values: Any) -> OutboxRow:
    then = now - timedelta(minutes=40 * number)
    ended = None if values["state"] == outbox.WAITING else then
    row = {"person_id": ANNA, "event": f"entry.{number}", "type": "comment", "created_at": then, "ended_at": ended}
    return OutboxRow(channel=channel, due_at=now + timedelta(hours=1), detail=WORDS[:200], **row | values)


def _letters(session: Session, task: int, now: datetime) -> None:
    for state in (outbox.SENT, outbox.FAILED, outbox.WAITING):
        letter = NewLetter(task, ["boss@firma.test", f"{'a' * 60}@firma.test"], [], f"[#{task}] {TEXT}", TEXT, "")
        _set(session, letters.add(session, ANNA, letter, now), state)
    many = letters.add_to_many(session, ADMIN, Group(), 4, LONG, f"{TEXT}\n\n{LONG}", now)
    letters.queue(session, many, [ADMIN, ANNA, BORIS], now)
    _set(session, many, outbox.FAILED)
    _set(session, many, outbox.SENT, BORIS)


def _set(session: Session, letter: int, state: str, person: int = ANNA) -> None:
    mine = (OutboxRow.letter_id == letter, OutboxRow.person_id == person)
    row = session.exec(select(OutboxRow).where(*mine)).one()
    row.state = state
    if state == outbox.FAILED:
        row.reason, row.detail = "refused", WORDS[:200]


def preferences(it: Stage) -> None:
    it.page.goto("/notifications/preferences")
    it.seen(".devices-refused")
    it.seen("#devices li", "Последняя неудача")


def letter(it: Stage) -> None:
    files = [("files", (f"{number} {LONG}.txt", b"x", "text/plain")) for number in range(FILES)]
    it.anna.post(f"/tasks/{it.task}/attachments", files=files).raise_for_status()
    it.page.goto(f"/tasks/{it.task}/mail")
    it.seen("#letters")


def letter_refused(it: Stage) -> None:
    it.page.get_by_label("Кому").fill("никто")
    it.page.get_by_label("Текст").fill(TEXT)
    it.page.get_by_role("button", name="Отправить письмо").click()
    it.seen("[aria-invalid]")


def letter_begun(it: Stage) -> None:
    it.anna.put(f"/drafts/task:{it.task}:mail", data={"message": TEXT}).raise_for_status()
    it.page.goto(f"/tasks/{it.task}/mail")
    it.seen(".draft")


def many_refused(it: Stage) -> None:
    it.page.goto("/admin/mail")
    it.page.locator("form.reply").evaluate("(form) => (form.noValidate = true)")
    it.page.get_by_role("button", name="Сначала посмотреть").click()
    it.seen(".fault")


def many_previewed(it: Stage) -> None:
    it.page.get_by_label("Тема").fill(LONG)
    it.page.get_by_label("Текст").fill(f"{TEXT}\n{LONG}")
    it.page.get_by_role("button", name="Сначала посмотреть").click()
    it.seen("#whom")


def many_under_way(it: Stage) -> None:
    it.page.goto("/admin/mail")
    it.page.locator("#earlier ~ ul a").first.click()
    it.seen("#progress li", "Сервер")


def channels(it: Stage) -> None:
    it.page.goto("/admin/delivery")
    it.seen("#channel-email .health-down")
    it.seen("#channel-webpush .health-unknown")
    it.page.locator("#channel-email summary").click()


def unsubscribing(it: Stage) -> None:
    it.page.context.clear_cookies()
    it.page.goto(f"/mail/unsubscribe/{unsubscribe.token([SECRET_KEY], Link(ANNA, 'comment'))}")


def unsubscribed(it: Stage) -> None:
    it.page.locator("main form button").click()
    expect(it.page.get_by_role("status").filter(has_text="больше")).to_be_visible()


PARTS = {
    "what reaches a person": Part(
        "anna",
        {
            "devices that failed, and a refused address": preferences,
            "decisions": at("/notifications/delivery"),
            "letters, and many files": letter,
            "a letter that is refused": letter_refused,
            "a letter that was begun": letter_begun,
            "e-mails that a link stops": unsubscribing,
            "e-mails that were stopped": unsubscribed,
        },
        (422,),
    ),
    "what is sent": Part(
        "admin",
        {
            "a letter to many, refused": many_refused,
            "a letter to many before it is sent": many_previewed,
            "a letter to many under way": many_under_way,
            "channels that rest and are stopped": channels,
        },
        (422,),
    ),
}
