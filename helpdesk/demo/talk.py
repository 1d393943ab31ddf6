"""The conversation under one task: who said and changed what, and after how many working minutes."""

from collections.abc import Callable, Sequence

from helpdesk.demo import phrases
from helpdesk.demo.details import render
from helpdesk.demo.scene import Scene, Turn, minutes, support, unsaid
from helpdesk.demo.situation import of_course

_REPORTS = 0.8


def conversation(scene: Scene, route: Sequence[str]) -> list[Turn]:
    """The turns that take a new task along `route`; the statuses they set are exactly the route's, in its order."""
    turns: list[Turn] = []
    for old, new, after in zip(("new", *route), route, (*route[1:], ""), strict=False):
        turns += (_SCRIPT.get((old, new)) or _SCRIPT[("", new)])(scene, new)
        # Whoever is about to ask has nothing to report yet.
        if new == "in_progress" and after != "clarification":
            turns += _worked(scene)
    if not route:
        turns += _waiting(scene)
    return turns


def _taken(scene: Scene, status: str) -> list[Turn]:
    greeting = unsaid(scene, phrases.TAKEN) if scene.rng.random() < 0.25 else ""
    return [support(scene, greeting, gap=(5, 260), status=status)]


def _worked(scene: Scene) -> list[Turn]:
    lines = of_course(scene.situation.work, scene.course)
    told = max((at for at, line in enumerate(lines) if line in scene.said), default=-1)
    text = unsaid(scene, lines[told + 1 :])
    return [support(scene, text, gap=(20, 400))] if text and scene.rng.random() < _REPORTS else []


def _asked(scene: Scene, status: str) -> list[Turn]:
    return [support(scene, _question(scene)[0], gap=(10, 200), status=status)]


def _answered(scene: Scene, status: str) -> list[Turn]:
    answer = _question(scene)[1]
    if scene.author != "irina":
        return [_relayed(scene, answer, status)]
    said = Turn(minutes(scene, (20, 700)), "irina", render(answer, scene.slots))
    return [said, support(scene, "", gap=(5, 120), status=status)]


def _held(scene: Scene, status: str) -> list[Turn]:
    reasons = of_course(scene.situation.holds, scene.course) or phrases.HOLDS
    return [support(scene, unsaid(scene, reasons), gap=(30, 500), status=status)]


def _resumed(scene: Scene, status: str) -> list[Turn]:
    text = unsaid(scene, phrases.RESUMED)
    return [support(scene, text, gap=(400, 2700), status=status)]


def _solved(scene: Scene, status: str) -> list[Turn]:
    text = unsaid(scene, of_course(scene.situation.fixes, scene.course))
    return [support(scene, text or unsaid(scene, phrases.WRAPPED_UP), gap=(30, 900), status=status)]


def _accepted(scene: Scene, status: str) -> list[Turn]:
    chance = scene.rng.random()
    if scene.author == "irina" and chance < 0.8:
        return [_by_irina(scene, phrases.THANKS, status)]
    if scene.author != "irina" and chance < 0.35:
        return [_relayed(scene, unsaid(scene, phrases.THANKS), status)]
    return [support(scene, unsaid(scene, phrases.CONFIRMED), gap=(300, 1600), status=status)]


def _reopened(scene: Scene, status: str) -> list[Turn]:
    if scene.author == "irina":
        return [_by_irina(scene, phrases.UNSOLVED, status)]
    return [_relayed(scene, unsaid(scene, phrases.UNSOLVED), status)]


def _refused(scene: Scene, status: str) -> list[Turn]:
    reasons = of_course(scene.situation.refusals, scene.course) or phrases.REFUSALS[scene.situation.tracker]
    return [support(scene, unsaid(scene, reasons), gap=(30, 700), status=status)]


def _dropped(scene: Scene, status: str) -> list[Turn]:
    return [support(scene, unsaid(scene, phrases.NO_ANSWER), gap=(3000, 5000), status=status)]


def _waiting(scene: Scene) -> list[Turn]:
    chance = scene.rng.random()
    if scene.author == "irina" and chance < 0.4:
        return [Turn(minutes(scene, (200, 900)), "irina", render(unsaid(scene, phrases.NUDGES), scene.slots))]
    if chance < 0.35:
        return [support(scene, unsaid(scene, phrases.WAITING), gap=(60, 600))]
    return []


_SCRIPT: dict[tuple[str, str], Callable[[Scene, str], list[Turn]]] = {
    ("new", "in_progress"): _taken,
    ("clarification", "in_progress"): _answered,
    ("paused", "in_progress"): _resumed,
    ("resolved", "in_progress"): _reopened,
    ("clarification", "rejected"): _dropped,
    ("", "clarification"): _asked,
    ("", "paused"): _held,
    ("", "resolved"): _solved,
    ("", "closed"): _accepted,
    ("", "rejected"): _refused,
}


def _question(scene: Scene) -> tuple[str, str]:
    own = [(ask, answer) for which, ask, answer in scene.situation.asks if which in (0, scene.course)]
    # The same pair must come back when the answer is due, so it is chosen by the task and not by the dice.
    return own[0] if own else phrases.ASKS[int(scene.slots["spare"]) % len(phrases.ASKS)]


def _by_irina(scene: Scene, texts: Sequence[str], status: str) -> Turn:
    notes = render(unsaid(scene, texts), scene.slots)
    return Turn(minutes(scene, (60, 900)), "irina", notes, sets=(("status", status),))


def _relayed(scene: Scene, text: str, status: str) -> Turn:
    quoted = "\n> ".join(render(text, scene.slots, female=scene.slots["ra"] == "а").split("\n"))
    said = render(unsaid(scene, phrases.REPLIES), scene.slots)
    return support(scene, f"{said}\n\n> {quoted}", gap=(20, 700), status=status)
