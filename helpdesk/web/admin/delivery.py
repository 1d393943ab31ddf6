"""Show administrators what is sent over each channel and what is not, and let them stop a channel."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, Sentence, sentence
from helpdesk.notifications import reasons
from helpdesk.notifications.channels.registry import OPTION_OF
from helpdesk.store import audit, channel_states, delivery_numbers, flagged_addresses
from helpdesk.store.delivery_numbers import Depth, Failure
from helpdesk.store.flagged_addresses import Flagged
from helpdesk.store.models.delivery import ChannelState
from helpdesk.store.outbox import FAILED, SENT
from helpdesk.web.admin.sections import section_page
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import Json, answer, json_response, moment
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate

HOURS = 24
MOST_FAILURES = 20
MOST_FLAGGED = 100
WIDTH, HEIGHT = 240, 40
"""Of the bars, in units of SVG."""
TITLES = {"email": sentence("E-mail"), "fcm": sentence("Firebase"), "webpush": sentence("Web Push")}
NEEDED = {
    "email": "SMTP_HOST, SMTP_FROM",
    "fcm": "FIREBASE_PROJECT_ID, FIREBASE_SERVICE_ACCOUNT_PATH",
    "webpush": "VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY, VAPID_CLAIM_EMAIL",
}
"""The settings without which a channel sends nothing."""
STOPPED = sentence("%(channel)s was stopped: what is to be sent waits.")
RESUMED = sentence("%(channel)s sends again.")
CLEARED = sentence("Mail is sent to this address again.")


class Hour(NamedTuple):
    """An hour of a channel: when it began, and how many items were sent and failed in it."""

    begins: datetime
    sent: int
    failed: int


class Bar(NamedTuple):
    """The bar of an hour as texts of numbers: sent from the ground up, failed on top of it."""

    x: str
    sent_y: str
    sent: str
    failed_y: str
    failed: str


class ChannelView(NamedTuple):
    """A channel as its section shows it."""

    channel: str
    title: Sentence
    is_set: bool
    needed: str
    depth: Depth
    hours: tuple[Hour, ...]
    state: ChannelState
    rests: bool
    reason: Sentence

    @property
    def sent(self) -> int:
        return sum(hour.sent for hour in self.hours)

    @property
    def failed(self) -> int:
        return sum(hour.failed for hour in self.hours)

    @property
    def bars(self) -> list[Bar]:
        return bars(self.hours)


class Overview(NamedTuple):
    """Everything that the page shows."""

    channels: Mapping[str, ChannelView]
    devices: Mapping[str, Counter[str]]
    flagged: Sequence[Flagged]
    flagged_count: int
    failures: Sequence[Failure]


async def index(request: Request) -> Response:
    """Show each channel with its last day, devices, refused addresses and failures."""
    zone, now = services(request).settings.timezone, services(request).clock()
    sending = services(request).outbox.workers.keys()
    shown = await services(request).database.run(lambda db: _overview(db, sending, now.astimezone(zone)))
    return await answer(
        request, json=lambda: json_response(request, _to_dict(request, shown)), page=lambda: _page(request, shown, now)
    )


async def channel(request: Request) -> Response:
    """Stop a channel, or let it send again. Raises NotFound, Invalid."""
    name, person = request.path_params["channel"], await current_user(request)
    if name not in OPTION_OF:
        raise NotFound
    stops = (await request_data.read(request)).flag("stopped")

    def work(db: Session) -> None:
        if stops:
            channel_states.stop(db, name, person.id)
        else:
            channel_states.resume(db, name)
        audit.note(db, None, "channel_stopped" if stops else "channel_resumed", None, {"channel": name})

    await stored(request, work)
    services(request).outbox.wake()
    message = Sentence((STOPPED if stops else RESUMED).text, {"channel": TITLES[name]})
    return await _changed(request, message, f"#channel-{name}")


async def clear(request: Request) -> Response:
    """Send mail to a person's refused address again. Raises NotFound when it is not refused."""
    number = request_data.path_id(request, "person_id")

    def work(db: Session) -> None:
        if not flagged_addresses.clear(db, number):
            raise NotFound
        audit.note(db, None, "address_cleared", number)

    await stored(request, work)
    return await _changed(request, CLEARED, "#flagged")


async def _changed(request: Request, message: Sentence, anchor: str) -> Response:
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, message)}),
        page=lambda: flash.redirect(request, path_to(request, "admin:delivery") + anchor, message),
    )


def bars(hours: Sequence[Hour]) -> list[Bar]:
    """Draw hours as bars; the highest one is the hour in which the most items ended."""
    most = max((hour.sent + hour.failed for hour in hours), default=0) or 1
    return [_bar(place, hour, most, WIDTH / max(len(hours), 1)) for place, hour in enumerate(hours)]


def _bar(place: int, hour: Hour, most: int, width: float) -> Bar:
    sent, failed = (count / most * HEIGHT for count in (hour.sent, hour.failed))
    numbers = (place * width + 1, HEIGHT - sent, sent, HEIGHT - sent - failed, failed)
    return Bar(*(f"{number:.1f}" for number in numbers))


def _overview(session: Session, sending: Collection[str], now: datetime) -> Overview:
    times = list(_hours(now))
    counts = delivery_numbers.ended(session, times)
    states = channel_states.all_states(session, TITLES)
    views = {}
    for name, title in TITLES.items():
        depth, state = delivery_numbers.depth(session, name, now), states[name]
        hours = tuple(
            Hour(begins, it.get((name, SENT), 0), it.get((name, FAILED), 0))
            for (begins, _), it in zip(times, counts, strict=True)
        )
        rests = channel_states.rests(state, now)
        reason = reasons.in_words(state.reason)
        views[name] = ChannelView(name, title, name in sending, NEEDED[name], depth, hours, state, rests, reason)
    return Overview(
        views,
        delivery_numbers.devices(session),
        flagged_addresses.all_flagged(session, MOST_FLAGGED),
        flagged_addresses.count(session),
        delivery_numbers.failures(session, TITLES, MOST_FAILURES),
    )


def _hours(local: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the beginnings and ends of the last hours as clocks show them, the present one last."""
    last = local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    for before in range(HOURS - 1, -1, -1):
        begins = last - timedelta(hours=before)
        yield begins, begins + timedelta(hours=1)


def _to_dict(request: Request, shown: Overview) -> Json:
    return {
        "channels": {name: _channel_to_dict(request, view) for name, view in shown.channels.items()},
        "devices": {
            name: {"total": hosts.total(), "hosts": {host: count for host, count in hosts.most_common() if host}}
            for name, hosts in shown.devices.items()
        },
        "flagged": [it._asdict() | {"flagged_at": moment(it.flagged_at)} for it in shown.flagged],
        "flagged_total": shown.flagged_count,
        "failures": [_failure_to_dict(request, it) for it in shown.failures],
    }


def _channel_to_dict(request: Request, view: ChannelView) -> Json:
    state = view.state
    return {
        "configured": view.is_set,
        "waiting": view.depth.waiting,
        "due": view.depth.due,
        "oldest": moment(view.depth.oldest),
        "sent_24h": view.sent,
        "failed_24h": view.failed,
        "hours": [it._asdict() | {"begins": moment(it.begins)} for it in view.hours if it.sent or it.failed],
        "paused": state.is_stopped or view.rests,
        "stopped": state.is_stopped,
        "paused_until": moment(state.paused_until) if view.rests else None,
        "failing_since": moment(state.failing_since),
        "reason": translate(request, view.reason) if state.failures else None,
        "detail": state.detail or None,
    }


def _failure_to_dict(request: Request, failure: Failure) -> Json:
    words = {"reason": translate(request, reasons.in_words(failure.reason)), "ended_at": moment(failure.ended_at)}
    return failure._asdict() | words


def _page(request: Request, shown: Overview, now: datetime) -> Response:
    context: dict[str, Any] = {"channels": shown.channels.values(), "failures": shown.failures, "now": now}
    context |= {"devices": shown.devices, "flagged": shown.flagged, "flagged_count": shown.flagged_count}
    return section_page(request, "admin/delivery.html", titles=TITLES, reason_of=reasons.in_words, **context)
