"""Read what administrators type into the form of a host."""

import re
from collections.abc import Mapping
from functools import lru_cache

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.netmonitor.addresses import LARGEST_PORT, ascii_host, in_letters, url
from helpdesk.netmonitor.model import METHODS, Method
from helpdesk.store.host_fields import LONGEST_NAME, HostFields
from helpdesk.texts import is_blank, turns_direction

LONGEST_ADDRESS, LONGEST_WORDS, LONGEST_STATUS = 500, 200, 60
LEAST_STATUS, LARGEST_STATUS = 100, 599
MOST_CERTIFICATE_DAYS = 365
EXPECTED_STATUS = "200-399"
"""What is expected without a word: redirections are not followed, but the server has answered."""
_STATUS = re.compile(r"[0-9]{3}")

LIMITS: Mapping[str, tuple[int, int, int | None]] = {
    "port": (1, LARGEST_PORT, None),
    "certificate_days": (0, MOST_CERTIFICATE_DAYS, 0),
    "interval_seconds": (10, 3600, 30),
    "failures_to_open": (1, 20, 3),
    "successes_to_close": (1, 20, 2),
}
"""The least, the largest and the usual value of each number."""

FILL_IN = sentence("Please fill this in.")
VISIBLE = sentence("This needs a visible character.")
UNSTORABLE = sentence("This holds characters that can't be stored.")
TURNS = sentence("This holds characters that turn the direction of the text.")
NO_METHOD = sentence("Choose one of these ways.")
NO_HOST = sentence("Write a name or an IP address, without a scheme and a port.")
NO_URL = sentence("Write an address that begins with http:// or https://, without a name and a password.")
NO_STATUS = sentence("Write statuses such as 200-299,401.")
NO_CERTIFICATE = sentence("Only an address that begins with https:// has a certificate.")


def read(values: Mapping[str, str]) -> HostFields:
    """Read a form whose fields are named as in `HostFields`. Raises Invalid with a sentence for each wrong one.

    A field that the method does not need is left empty. A number that is absent is the usual one.
    """
    form = _Form(values)
    method = form.method()
    fields = HostFields(
        name=form.line("name", LONGEST_NAME, is_needed=True),
        group_name=form.line("group_name", LONGEST_NAME),
        method=method,
        address=form.url() if method == "http" else form.host("address", is_needed=method != "dns"),
        port=form.number("port", is_needed=method == "tcp") if method in ("tcp", "dns") else None,
        query=form.host("query", is_needed=True) if method == "dns" else "",
        expected_status=form.statuses() if method == "http" else "",
        expected_words=form.line("expected_words", LONGEST_WORDS) if method == "http" else "",
        certificate_days=form.certificate_days() if method == "http" else 0,
        interval_seconds=form.number("interval_seconds") or 0,
        failures_to_open=form.number("failures_to_open") or 0,
        successes_to_close=form.number("successes_to_close") or 0,
    )
    if form.mistakes:
        raise Invalid({name: [mistake] for name, mistake in form.mistakes.items()})
    return fields


@lru_cache(maxsize=256)
def statuses(text: str) -> tuple[range, ...]:
    """Return the expected statuses of `200-299,401`, those of EXPECTED_STATUS for an empty text. Raises ValueError."""
    return tuple(map(_range, (text.replace(" ", "") or EXPECTED_STATUS).split(",")))


def _range(text: str) -> range:
    first, dash, last = text.partition("-")
    ends = (first, last if dash else first)
    if not all(map(_STATUS.fullmatch, ends)):
        raise ValueError(text)
    least, largest = map(int, ends)
    if not LEAST_STATUS <= least <= largest <= LARGEST_STATUS:
        raise ValueError(text)
    return range(least, largest + 1)


class _Form:
    """The values of a form, and the first mistake of each."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.mistakes: dict[str, Sentence] = {}

    def method(self) -> Method:
        typed = self._values.get("method", "")
        found = next((it for it in METHODS if it == typed), None)
        if found is None:
            self.mistakes["method"] = NO_METHOD
        return found or "icmp"

    def line(self, name: str, limit: int, *, is_needed: bool = False) -> str:
        """Return one line of visible characters."""
        typed = self._values.get(name, "")
        if len(typed) > limit * 2:  # before work on it
            return self._refuse(name, _too_long(limit))
        text = " ".join(typed.split())
        if not text:
            return self._refuse(name, FILL_IN) if is_needed else ""
        if len(text) > limit:
            return self._refuse(name, _too_long(limit))
        if is_blank(text):
            return self._refuse(name, VISIBLE)
        if not text.isprintable():
            return self._refuse(name, TURNS if turns_direction(text) else UNSTORABLE)
        return text

    def host(self, name: str, *, is_needed: bool) -> str:
        text = self.line(name, LONGEST_ADDRESS, is_needed=is_needed)
        host = ascii_host(text)
        return in_letters(host) if host or not text else self._refuse(name, NO_HOST)

    def url(self) -> str:
        text = self.line("address", LONGEST_ADDRESS, is_needed=True)
        found = url(text)
        if found is None:
            return self._refuse("address", NO_URL) if text else ""
        return str(found) if len(str(found)) <= LONGEST_ADDRESS else self._refuse("address", _too_long(LONGEST_ADDRESS))

    def number(self, name: str, *, is_needed: bool = False) -> int | None:
        least, largest, usual = LIMITS[name]
        text = self._values.get(name, "").strip()
        if not text:
            if is_needed:
                self._refuse(name, FILL_IN)
            return usual
        if not (text.isascii() and text.isdigit() and len(text) <= 6 and least <= int(text) <= largest):
            message = sentence("This must be a whole number from %(least)s to %(most)s.", least=least, most=largest)
            self._refuse(name, message)
            return usual
        return int(text)

    def statuses(self) -> str:
        text = self.line("expected_status", LONGEST_STATUS).replace(" ", "")
        try:
            statuses(text)
        except ValueError:
            return self._refuse("expected_status", NO_STATUS)
        return text

    def certificate_days(self) -> int:
        days = self.number("certificate_days") or 0
        if days and not self._values.get("address", "").strip().lower().startswith("https:"):
            self._refuse("certificate_days", NO_CERTIFICATE)
        return days

    def _refuse(self, name: str, message: Sentence) -> str:
        self.mistakes.setdefault(name, message)
        return ""


def _too_long(limit: int) -> Sentence:
    return sentence("This is too long: at most %(limit)s characters.", limit=limit)
