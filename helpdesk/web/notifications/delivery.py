"""Tell a person what became of what was to be sent to them, and what stands in the way of more: "why did I not get
it?"."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Sentence, Unavailable, sentence
from helpdesk.notifications import reasons
from helpdesk.notifications.channels import registry
from helpdesk.notifications.channels.registry import OPTION_OF
from helpdesk.notifications.preferences import Preferences
from helpdesk.notifications.preferences_json import from_json
from helpdesk.people.model import Person
from helpdesk.store import channel_states, devices, flagged_addresses, outbox
from helpdesk.store import preferences as stored_preferences
from helpdesk.store.models.delivery import ChannelState
from helpdesk.store.outbox import Ended
from helpdesk.web.core import session
from helpdesk.web.core.faces import Json, answer, html, json_response, moment
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate
from helpdesk.web.notifications.preferences import TYPE_LABELS

SHOWN = 20
LABELS: dict[str, Sentence] = {"test": sentence("A test"), "letter": sentence("A letter")}
"""What is no notification, by the beginning of its event."""
ANYTHING = sentence("News")
NOT_SET_UP = sentence("The administrator has not set this up.")
STOPPED = sentence("An administrator has stopped this for now. What comes meanwhile is sent later.")
RESTING = sentence("It does not work just now: %(reason)s It is tried again and again.")
NO_DEVICE = sentence("You have added no browser and no phone.")
NOTHING_CHOSEN = sentence("You want no kind of news this way.")
NOT_CHOSEN = sentence("You do not want this way: %(kinds)s.")
QUIET_NOW = sentence("These are your quiet hours: nothing is sent now.")
QUIET_WAITS = sentence("These are your quiet hours: it is sent after them.")
ONCE_A_DAY = sentence("You have chosen one e-mail a day: the next one at its hour.")
CLEAR = sentence("Nothing stands in the way.")
UNDER_WAY = sentence("It is being sent.")
WAITING = sentence("It waits for its time.")
HELD_UP = sentence("It waits: an administrator has stopped this for now.")
WAITS_FOR_CHANNEL = sentence("It waits until this works again.")
TRIED = sentence("Attempts so far: %(times)s. %(reason)s It is tried again.")
SENT = sentence("Sent.")


class Facts(NamedTuple):
    """What the store says of a person. `states` are those of the channels that send, `decisions` by the option."""

    chosen: Preferences
    has_device: bool
    is_flagged: bool
    states: dict[str, ChannelState]
    decisions: dict[str, list[Ended]]


class Line(NamedTuple):
    """What became of one notification. `address` leads to its task, and is empty when the person does not see it.
    `next_at` is when it will be tried, if that is known."""

    decision: Ended
    label: Sentence
    text: Sentence
    address: str
    next_at: datetime | None


class Channel(NamedTuple):
    """A column of the preferences, with what stands in the way and its last decisions."""

    option: str
    label: Sentence
    is_set_up: bool
    obstacles: list[Sentence]
    lines: list[Line]


async def delivery(request: Request) -> Response:
    """Show the last decisions of each channel."""
    signed_in, now = await session.required(request), services(request).clock()
    sending = set(services(request).outbox.workers)
    facts = await services(request).database.run(lambda db: _facts(db, signed_in.person, sending))
    shown = {it.task_id for found in facts.decisions.values() for it in found if it.task_id}
    addresses = await _addresses(request, shown)
    channels = [_channel(option, facts, signed_in.person, sending, addresses or {}, now) for option in facts.decisions]
    return await answer(
        request,
        json=lambda: json_response(request, {"channels": {it.option: _to_dict(request, it) for it in channels}}),
        page=lambda: html(request, "notifications/delivery.html", channels=channels, are_known=addresses is not None),
    )


def _facts(db: Session, person: Person, sending: set[str]) -> Facts:
    decisions = {
        option: outbox.recent(db, person.id, [name for name in OPTION_OF if OPTION_OF[name] == option], SHOWN)
        for option in dict.fromkeys(OPTION_OF.values())
    }
    return Facts(
        from_json(stored_preferences.of_people(db, [person.id]).get(person.id, "")),
        any(it.service in sending for it in devices.of_person(db, person.id)),
        flagged_addresses.is_flagged(db, person.id, person.email),
        channel_states.all_states(db, sending),
        decisions,
    )


async def _addresses(request: Request, task_ids: Iterable[int]) -> dict[int, str] | None:
    """Return the pages of those tasks that the person sees, as tasks or as requests; None when that can't be known."""
    signed_in, visible, asked = await session.required(request), services(request).visible_tasks, set(task_ids)
    try:
        tasks = await visible.as_tasks(signed_in, asked)
        requests = await visible.as_requests(signed_in, asked - tasks.keys())
    except Unavailable:
        return None
    routes = {**dict.fromkeys(requests, "requests:show"), **dict.fromkeys(tasks, "tasks:show")}
    return {id: path_to(request, route, task_id=id) for id, route in routes.items()}


def _channel(
    option: str, facts: Facts, person: Person, sending: set[str], addresses: dict[int, str], now: datetime
) -> Channel:
    label = next(it.label for it in registry.options() if it.name == option)
    names = [name for name in OPTION_OF if OPTION_OF[name] == option and name in sending]
    obstacles = list(_obstacles(option, names, facts, person, now)) if names else [NOT_SET_UP]
    lines = [_line(it, facts.states.get(it.channel), addresses, now) for it in facts.decisions[option]]
    return Channel(option, label, bool(names), obstacles or [CLEAR], lines)


def _obstacles(option: str, names: list[str], facts: Facts, person: Person, now: datetime) -> Iterator[Sentence]:
    """Yield why nothing, or not everything, is sent to the person over this option now."""
    for state in (facts.states[name] for name in names):
        if state.is_stopped:
            yield STOPPED
        elif state.failures:
            yield Sentence(RESTING.text, {"reason": reasons.in_words(state.reason)})
    yield from _of_mail(facts, person) if option == "email" else _of_push(facts)
    yield from _unchosen(option, facts.chosen)
    if facts.chosen.quiet and facts.chosen.quiet.hold(now):
        yield QUIET_WAITS if option == "email" else QUIET_NOW


def _of_mail(facts: Facts, person: Person) -> Iterator[Sentence]:
    if not person.email:
        yield reasons.REASONS["no_address"]
    if facts.is_flagged:
        yield reasons.REASONS["flagged"]
    if facts.chosen.digest:
        yield ONCE_A_DAY


def _of_push(facts: Facts) -> Iterator[Sentence]:
    if not facts.has_device:
        yield NO_DEVICE
    if not facts.chosen.in_browser:
        yield reasons.REASONS["off"]


def _unchosen(option: str, chosen: Preferences) -> Iterator[Sentence]:
    missing = [label for type, label in TYPE_LABELS.items() if (type, option) not in chosen.wanted]
    if len(missing) == len(TYPE_LABELS):
        yield NOTHING_CHOSEN
    elif missing:
        yield Sentence(NOT_CHOSEN.text, {"kinds": _listed(missing)})


def _listed(labels: list[Sentence]) -> Sentence:
    """Join sentences by commas, as a sentence."""
    values = {f"kind_{number}": label for number, label in enumerate(labels)}
    return Sentence(", ".join(f"%({name})s" for name in values), values)


def _line(it: Ended, state: ChannelState | None, addresses: dict[int, str], now: datetime) -> Line:
    """Describe a row; `state` is that of its channel, None for one that is not set up."""
    next_at = _next_at(it, state, now) if it.state == outbox.WAITING else None
    return Line(it, _label(it), _text(it, state, now), addresses.get(it.task_id, ""), next_at)


def _next_at(it: Ended, state: ChannelState | None, now: datetime) -> datetime | None:
    if state is None or state.is_stopped:
        return None
    due = max(it.due_at, state.paused_until or now)
    return due if due > now else None


def _label(it: Ended) -> Sentence:
    known: dict[str, Sentence] = {str(type): label for type, label in TYPE_LABELS.items()}
    return LABELS.get(it.event.partition(".")[0]) or known.get(it.type, ANYTHING)


def _text(it: Ended, state: ChannelState | None, now: datetime) -> Sentence:
    if it.state == outbox.SENT:
        return SENT
    if it.state != outbox.WAITING:
        return reasons.in_words(it.reason)
    if state is None or state.is_stopped:
        return HELD_UP if state else NOT_SET_UP
    if it.attempts:
        return Sentence(TRIED.text, {"times": it.attempts, "reason": reasons.in_words(it.reason)})
    if it.due_at > now:
        return WAITING
    return WAITS_FOR_CHANNEL if channel_states.rests(state, now) else UNDER_WAY


def _to_dict(request: Request, channel: Channel) -> Json:
    decisions = [
        {
            "type": it.decision.type,
            "issue_id": it.decision.task_id if it.address else None,
            "state": it.decision.state,
            "reason": it.decision.reason or None,
            "message": translate(request, it.text),
            "due_at": moment(it.decision.due_at),
            "ended_at": moment(it.decision.ended_at),
        }
        for it in channel.lines
    ]
    obstacles = [translate(request, it) for it in channel.obstacles]
    return {"is_set_up": channel.is_set_up, "obstacles": obstacles, "decisions": decisions}
