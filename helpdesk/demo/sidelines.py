"""What happens beside the conversation: notes among colleagues, handing over, another priority."""

from helpdesk.demo import phrases
from helpdesk.demo.scene import Scene, Turn, minutes, support, unsaid
from helpdesk.demo.situation import of_course
from helpdesk.demo.world import PRIORITIES

_ORDER = [priority.key for priority in PRIORITIES]
_MOST_NOTES = 7
_OTHER = {"anna": "boris", "boris": "anna"}


def with_asides(scene: Scene, turns: list[Turn]) -> list[Turn]:
    """The turns with now and then a private note put among them, none of them after the end."""
    # The number is not repeated when the description has named it.
    if "earlier" in scene.slots and not scene.remembered and scene.rng.random() < 0.35:
        said = support(scene, unsaid(scene, phrases.SEEN[scene.situation.tracker]), gap=(5, 90), private=True)
        turns = _put(scene, turns, said, early=True)
    text = unsaid(scene, of_course(scene.situation.insides, scene.course))
    if text and scene.rng.random() < 0.6:
        turns = _put(scene, turns, support(scene, text, gap=(15, 200), private=True))
    return turns


def with_assignee(scene: Scene, turns: list[Turn], final: str | None) -> tuple[str | None, list[Turn]]:
    """Whom the task was given to when it was registered, and the turns that bring it to `final` from there."""
    chance = scene.rng.random()
    if final is None or chance < 0.3:
        return final, turns
    if chance < 0.4 and _notes(turns) <= _MOST_NOTES:
        return _OTHER[final], [_handed(scene, final), *turns]
    if not turns or not turns[0].sets:
        return final, turns
    claimed = turns[0]._replace(sets=(*turns[0].sets, ("assignee", final)))
    return None, [claimed, *turns[1:]]


def with_priority(scene: Scene, turns: list[Turn], final: str) -> tuple[str, list[Turn]]:
    """The priority at first, and the turns that bring it to `final`; most tasks keep what they had."""
    if scene.rng.random() > 0.1 or _notes(turns) > _MOST_NOTES:
        return final, turns
    place = _ORDER.index(final)
    first = _ORDER[max(1, place - 1)] if place > 1 else _ORDER[place + 1]
    if first == final:
        return final, turns
    reasons = phrases.RAISED if _ORDER.index(first) < place else phrases.LOWERED
    said = support(scene, unsaid(scene, reasons), gap=(10, 200))
    return first, _put(scene, turns, said._replace(sets=(("priority", final),)))


def _handed(scene: Scene, final: str) -> Turn:
    text = unsaid(scene, phrases.HANDED[final])
    return Turn(minutes(scene, (5, 120)), _OTHER[final], text, sets=(("assignee", final),))


def _put(scene: Scene, turns: list[Turn], turn: Turn, *, early: bool = False) -> list[Turn]:
    if _notes(turns) > _MOST_NOTES:
        return turns
    working = next((at for at, one in enumerate(turns) if _ends(one)), len(turns))
    place = min(working, 1) if early else scene.rng.randint(min(working, 1), working)
    return [*turns[:place], turn, *turns[place:]]


def _ends(turn: Turn) -> bool:
    return any(value in ("resolved", "rejected") for _, value in turn.sets)


def _notes(turns: list[Turn]) -> int:
    return sum(bool(turn.notes) for turn in turns)
