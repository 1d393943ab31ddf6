"""Write dialogs as JSON for the store, and read them."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from helpdesk.telephony.phone import Dialog, Participant


def to_json(dialogs: Iterable[Dialog]) -> str:
    """Return dialogs as JSON; equal dialogs give the same text."""
    return json.dumps([_listed(it) for it in dialogs], ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> list[Dialog]:
    """Return the dialogs of `to_json`."""
    return [_dialog(*it) for it in json.loads(text)]


def _listed(dialog: Dialog) -> list[Any]:
    return [*dialog[:-1], [_end(it) for it in dialog.participants]]


def _end(it: Participant) -> list[Any]:
    return [it.number, it.state, it.actions, _text(it.started_at), _text(it.changed_at), it.is_agent]


def _dialog(id: str, state: str, from_: str, to: str, queue: str, kind: str, ends: list[Any]) -> Dialog:
    return Dialog(id, state, from_, to, queue, kind, tuple(_participant(*it) for it in ends))


def _participant(
    number: str, state: str, actions: list[str], started: str | None, changed: str | None, is_agent: bool = False
) -> Participant:
    return Participant(number, state, tuple(actions), _moment(started), _moment(changed), is_agent)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
