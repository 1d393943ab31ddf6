"""Put durations into words."""

from helpdesk.errors import Sentence, sentence

MILLISECONDS = 1000


def duration(seconds: float) -> Sentence:
    """Return seconds as people read them: `0.4 ms`, `12 ms`, `1.5 s`, `95 s`. Languages differ in the decimal point."""
    if seconds < 1:
        exact, whole = sentence("%(whole)s.%(tenth)s ms"), sentence("%(whole)s ms")
        seconds *= MILLISECONDS
    else:
        exact, whole = sentence("%(whole)s.%(tenth)s s"), sentence("%(whole)s s")
    tenths = round(seconds * 10)
    if tenths < 100:
        return Sentence(exact.text, {"whole": tenths // 10, "tenth": tenths % 10})
    return Sentence(whole.text, {"whole": round(seconds)})
