"""Show where pushes and mail reach a person, send a test there, and forget a device."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, Sentence, sentence
from helpdesk.notifications import reasons
from helpdesk.notifications.channels.registry import OPTION_OF
from helpdesk.store import channel_states, devices, flagged_addresses
from helpdesk.store.devices import FCM, WEB_PUSH
from helpdesk.store.models.delivery import Device
from helpdesk.web.core import flash, request_data, session
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import Json, answer, html, json_response, moment, see_other
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate

EMAIL = "email"
SERVICES = {WEB_PUSH: sentence("browser"), FCM: sentence("phone")}
TEST_ADDED = sentence("A test is on its way. Load the page again to see how it went.")
TEST_STOPPED = sentence("The test waits: an administrator has stopped this for now.")
TEST_RESTS = sentence("The test waits: this does not work just now, and is tried again and again.")
REMOVED = sentence("Nothing is sent to this device any more.")


class Line(NamedTuple):
    """A device in the list. `is_here` tells whether it subscribed in this session, `failure` why the last try failed;
    None when the last one succeeded. A script finds the row of its browser by `hash`."""

    id: int
    name: str
    service: Sentence
    hash: str
    is_here: bool
    added_at: datetime
    succeeded_at: datetime | None
    failed_at: datetime | None
    failure: Sentence | None


async def index(request: Request) -> Response:
    """List the devices and the address of the person."""
    shown = await context(request)
    page = see_other(path_to(request, "notifications:preferences"))
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(request, shown)),
        page=lambda: page,
        fragment=lambda: html(request, "notifications/_devices.html", **shown),
    )


async def test(request: Request) -> Response:
    """Send a test to a device. Raises NotFound for one that is not the person's, NotConfigured without its channel,
    TooManyAttempts."""
    person, now = await session.current_user(request), services(request).clock()
    number = request_data.path_id(request, "device_id")

    def work(db: Session) -> Sentence:
        service = next((it.service for it in devices.of_person(db, person.id) if it.id == number), None)
        if service is None:
            raise NotFound
        services(request).outbox.add_test(db, person.id, service, number, now)
        return _test_added(db, service, now)

    message = await stored(request, work)
    services(request).outbox.wake()
    return await _answer(request, message)


async def test_email(request: Request) -> Response:
    """Send a test to the person's address, also to a refused one, which is accepted again when the test is. Raises
    NotConfigured without mail, TooManyAttempts."""
    person, now = await session.current_user(request), services(request).clock()

    def work(db: Session) -> Sentence:
        services(request).outbox.add_test(db, person.id, EMAIL, 0, now)
        return _test_added(db, EMAIL, now)

    message = await stored(request, work)
    services(request).outbox.wake()
    return await _answer(request, message)


def _test_added(session: Session, channel: str, now: datetime) -> Sentence:
    """Return what becomes of a test, by the state of its channel."""
    state = channel_states.state(session, channel)
    if state.is_stopped:
        return TEST_STOPPED
    return TEST_RESTS if channel_states.rests(state, now) else TEST_ADDED


async def remove(request: Request) -> Response:
    """Forget a device. Raises NotFound for one that is not the person's."""
    person, now = await session.current_user(request), services(request).clock()
    number = request_data.path_id(request, "device_id")

    def work(db: Session) -> None:
        if not devices.remove(db, person.id, number, now):
            raise NotFound

    await stored(request, work)
    return await _answer(request, REMOVED, takes_focus=True)  # the button is gone


async def context(request: Request) -> dict[str, Any]:
    """Return what the section of the devices shows."""
    signed_in = await session.required(request)
    person = signed_in.person

    def work(db: Session) -> tuple[list[Device], bool]:
        flagged = flagged_addresses.is_flagged(db, person.id, person.email)
        return devices.of_person(db, person.id), flagged

    own, is_flagged = await services(request).database.run(work)
    sending = set(services(request).outbox.workers)
    return {
        "devices": [_line(it, signed_in.mark) for it in own],
        "address": person.email,
        "is_flagged": is_flagged,
        "sending": sending,
        "sending_options": {OPTION_OF[name] for name in sending},
    }


def _line(device: Device, mark: str) -> Line:
    failed_last = device.failed_at and (device.succeeded_at is None or device.failed_at > device.succeeded_at)
    return Line(
        device.id or 0,
        device.name,
        SERVICES.get(device.service, SERVICES[WEB_PUSH]),
        device.address_hash,
        device.session_hash == mark,
        device.created_at,
        device.succeeded_at,
        device.failed_at,
        reasons.in_words(device.failure) if failed_last else None,
    )


async def _answer(request: Request, message: Sentence, **more: bool) -> Response:
    shown = await context(request)
    target = path_to(request, "notifications:preferences") + "#devices"
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, message), **_to_dict(request, shown)}),
        page=lambda: flash.redirect(request, target, message),
        fragment=lambda: html(request, "notifications/_devices_changed.html", message=message, **shown, **more),
    )


def _to_dict(request: Request, shown: dict[str, Any]) -> Json:
    return {
        "devices": [_device_dict(request, it) for it in shown["devices"]],
        "push_enabled": "push" in shown["sending_options"],
        "email": {
            "address": shown["address"],
            "is_refused": shown["is_flagged"],
            "is_enabled": EMAIL in shown["sending_options"],
        },
    }


def _device_dict(request: Request, line: Line) -> Json:
    moments = {name: moment(getattr(line, name)) for name in ("added_at", "succeeded_at", "failed_at")}
    return {
        "id": line.id,
        "name": line.name,
        "is_this_session": line.is_here,
        **moments,
        "failure": line.failure and translate(request, line.failure),
    }
