"""The hints: one line at its place, shown until its person closes it for good. A page shows one at a time."""

from typing import NamedTuple

from helpdesk.errors import Sentence, sentence


class Hint(NamedTuple):
    """A sentence for the pages that name its `place`.

    `by_finger` is the sentence for touch screens, where this one does not apply. A hint that needs a keyboard or
    scripts is hidden by styles where there is none.
    """

    name: str
    place: str
    text: Sentence
    by_finger: Sentence | None = None
    needs_keyboard: bool = False
    needs_scripts: bool = False


HINTS = (
    Hint(
        "answers",
        "start of requesters",
        sentence("When somebody answers you, the bell has a number. Notification settings choose what you hear of."),
    ),
    Hint(
        "palette",
        "start",
        sentence("Ctrl+K finds any task, colleague, page or command by a few of its words."),
        needs_keyboard=True,
        needs_scripts=True,
    ),
    Hint(
        "move",
        "board",
        sentence("Drag a card to another column, or press ⋮ to change it at its place."),
        by_finger=sentence("Hold a finger on a card to move it, or press ⋮ to change it at its place."),
        needs_scripts=True,
    ),
    Hint(
        "cards", "board to look at", sentence("A press on a card opens the task beside the board."), needs_scripts=True
    ),
    Hint(
        "views",
        "filtered list",
        sentence("If you need this list again, save it: the menu shows it then, with its number of tasks."),
    ),
    Hint(
        "paste",
        "new task",
        sentence("A screenshot can be pasted into the description by Ctrl+V."),
        needs_keyboard=True,
        needs_scripts=True,
    ),
    Hint(
        "quiet",
        "notifications",
        sentence("If too much comes here: notification settings choose what does, and when it is quiet."),
    ),
)
NAMES = frozenset(hint.name for hint in HINTS)


def first_open(place: str, closed: str) -> Hint | None:
    """Return the first hint of a place that is not among the `closed` names."""
    names = closed.split()
    return next((hint for hint in HINTS if hint.place == place and hint.name not in names), None)
