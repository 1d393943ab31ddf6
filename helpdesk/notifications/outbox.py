"""Put notifications into the outbox, in the transaction that stores them, and run the workers that empty it."""

from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from sqlmodel import Session

from helpdesk.errors import NotConfigured
from helpdesk.notifications import messages, preferences
from helpdesk.notifications.channels import registry
from helpdesk.notifications.channels.port import Resources
from helpdesk.notifications.delivery import Delivery, to_content
from helpdesk.notifications.delivery_checks import DeliveryChecks
from helpdesk.notifications.outbox_worker import OutboxWorker
from helpdesk.notifications.preferences import Decision
from helpdesk.store import channel_states, delivery_tests, devices
from helpdesk.store import outbox as stored
from helpdesk.store.devices import FCM, WEB_PUSH
from helpdesk.store.models.notifications import NotificationRow

UNTRIED = timedelta(hours=1)


class Outbox:
    """The outbox of all processes, and the workers of this one. `workers` are by their channels' names."""

    def __init__(self, resources: Resources, checks: DeliveryChecks, clock: Callable[[], datetime]) -> None:
        connected = (
            (name, connect(resources)) for channel in registry.CHANNELS for name, connect in channel.connect.items()
        )
        self.workers = {
            name: OutboxWorker(name, sender, resources.database, checks, clock) for name, sender in connected if sender
        }

    @property
    def watchers(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        return [worker.watch for worker in self.workers.values()]

    def add(self, session: Session, deliveries: Sequence[Delivery], now: datetime) -> None:
        """Add a row for each channel and device over which each of these goes out, or does not go out for a reason that
        its person may ask for."""
        stored.add(session, [*self._mails(session, deliveries, now), *self._pushes(session, deliveries, now)])

    def add_test(self, session: Session, person_id: int, channel: str, device_id: int, now: datetime) -> None:
        """Add what a person sends to their own device, or to their own mailbox with `device_id` 0. No preferences are
        asked, and one that still waits is not added again. Raises TooManyAttempts, and NotConfigured when nothing is
        sent over this channel."""
        if channel not in self.workers:
            raise NotConfigured
        if delivery_tests.is_new(session, person_id, channel, device_id, now):
            test = messages.notification_to_self(person_id, token_hex(8), now)
            stored.add(session, [_row(channel, test, preferences.NOW, now, device_id)])

    def add_report(self, session: Session, report: NotificationRow, now: datetime) -> None:
        """Add a report that a person wants by e-mail. No preferences are asked, and one that was added is not added
        again."""
        stored.add(session, [_row("email", report, preferences.NOW, now)])

    def wake(self) -> None:
        """Tell the workers of this process that there is something to send. Others look for it now and then."""
        for worker in self.workers.values():
            worker.wake()

    def _mails(self, session: Session, deliveries: Sequence[Delivery], now: datetime) -> Iterator[dict[str, Any]]:
        decided = _decided(deliveries, "email") if "email" in self.workers else []
        reached = stored.with_email(session, {it.person_id for it, _ in decided}) if decided else ()
        return (_row("email", it, decision, now) for it, decision in decided if it.person_id in reached)

    def _pushes(self, session: Session, deliveries: Sequence[Delivery], now: datetime) -> Iterator[dict[str, Any]]:
        pushing = self.workers.keys() & {FCM, WEB_PUSH}
        decided = _decided(deliveries, "push") if pushing else []
        if not decided:
            return
        theirs = devices.services_of(session, {it.person_id for it, _ in decided})
        state = channel_states.state(session, FCM)
        # What failed and was not tried since may work again: somebody's push has to find out.
        is_down = bool(state.failures and state.paused_until and now - state.paused_until < UNTRIED)
        preferred = WEB_PUSH if is_down or state.is_stopped else FCM
        for notification, decision in decided:
            # Who has a phone gets it there; browsers follow when that fails (`outcome_recorder.py`).
            own = [(id, service) for id, service in theirs.get(notification.person_id, ()) if service in pushing]
            first = [it for it in own if it[1] == preferred] or own
            if decision.reason and first:
                yield _row(first[0][1], notification, decision, now)
            elif not decision.reason:
                yield from (_row(service, notification, decision, now, id) for id, service in first)


def _decided(deliveries: Iterable[Delivery], option: str) -> list[tuple[NotificationRow, Decision]]:
    return [(it.notification, it.decisions[option]) for it in deliveries if option in it.decisions]


def _row(
    channel: str, notification: NotificationRow, decision: Decision, now: datetime, device_id: int = 0
) -> dict[str, Any]:
    ended = {"state": stored.SKIPPED, "reason": decision.reason, "ended_at": now, "content": ""}
    return {
        "channel": channel,
        "person_id": notification.person_id,
        "event": notification.event,
        "type": notification.type,
        "device_id": device_id,
        "notification_id": notification.id,
        "task_id": notification.task_id,
        "content": to_content(notification),
        "bundle": decision.bundle,
        "due_at": decision.due or now,
        "created_at": now,
        **(ended if decision.reason else {}),
    }
