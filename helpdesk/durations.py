"""Put lengths of time into words."""

from helpdesk.errors import Sentence, sentence

HOUR_MINUTES = 60


def in_words(minutes: int) -> Sentence:
    """Return hours and minutes, such as 4 h 30 min."""
    hours, rest = divmod(minutes, HOUR_MINUTES)
    if not hours:
        return sentence("%(n)s min", n=rest)
    if not rest:
        return sentence("%(hours)s h", hours=hours)
    return sentence("%(hours)s h %(minutes)s min", hours=hours, minutes=rest)
