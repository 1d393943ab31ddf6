"""Put durations into words."""

from helpdesk.errors import Sentence, sentence

MILLISECONDS = 1000


def duration(seconds: float) -> Sentence:
    """Return seconds as people read them: `0.4 ms`, `12 ms`, `1.5 s`, `95 s`."""
    if seconds < 1:
        return sentence("%(number)s ms", number=_short(seconds * MILLISECONDS))
    return sentence("%(number)s s", number=_short(seconds))


def _short(number: float) -> str:
    """Return a number with two digits that say something."""
    return f"{number:.1f}" if number < 10 else f"{number:.0f}"
