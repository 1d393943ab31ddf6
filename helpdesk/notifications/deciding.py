"""The rules, the words and the preferences as `Audience` asks for them."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from helpdesk.notifications import preferences, rules
from helpdesk.notifications.audience import Heard, Wish
from helpdesk.notifications.rules import Hearer
from helpdesk.notifications.wording import gist
from helpdesk.tasks.feed import Happening
from helpdesk.tasks.model import Actor


def heard(happening: Happening, people: Sequence[Actor]) -> Iterator[Heard]:
    """Who of these people hears of an act, as what, and what is kept of it for each."""
    for hearing in rules.heard(happening, [Hearer(person.id, person.login) for person in people]):
        kept = gist(happening, hearing.kind)
        yield Heard(hearing.person, hearing.type, hearing.kind, kept.old, kept.new, kept.excerpt)


def wish(told: str, heard: Heard, happening: Happening, now: datetime) -> Wish:
    """Whether who chose `told`, as JSON, wants it on the page, and with which sound."""
    chosen = preferences.from_json(told)
    over = preferences.channels(chosen, heard.type, happening.project_id, happening.task_id, now)
    return Wish("page" in over, preferences.sound_of(chosen, heard.kind) if "sound" in over else "")
