"""Define what is probed, and what a probe finds."""

from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from helpdesk.errors import Sentence, sentence

Method = Literal["icmp", "tcp", "http", "dns"]
Fault = Literal[
    "silent", "refused", "unreachable", "name", "slow", "status", "words", "certificate", "expiring", "nonsense",
    "forbidden",
]  # fmt: skip
Way = Literal["datagram", "raw", "command", "tcp"]
Status = Literal["unknown", "online", "offline"]
Grade = Literal["excellent", "good", "average", "poor", "disconnected"]

METHODS: dict[Method, Sentence] = {
    "icmp": sentence("Ping (ICMP)"),
    "tcp": sentence("TCP port"),
    "http": sentence("HTTP(S)"),
    "dns": sentence("DNS"),
}


class Target(NamedTuple):
    """A host as it is probed; the fields are those of `MonitoredHost`."""

    id: int
    name: str
    method: Method
    address: str
    port: int | None = None
    query: str = ""
    expected_status: str = ""
    expected_words: str = ""
    certificate_days: int = 0


class Outcome(NamedTuple):
    """The result of a probe: `ms` until the answer, None when it failed, with the fault and the other side's words.

    `expires_at` is the end of the certificate, where there is one. A certificate that expires soon is a `fault` beside
    an answer: the host is online.
    """

    ms: float | None = None
    fault: Fault | Literal[""] = ""
    detail: str = ""
    expires_at: datetime | None = None


class FaultText(NamedTuple):
    """A fault in words, and what to look at."""

    title: Sentence
    advice: Sentence


FAULTS: dict[Fault, FaultText] = {
    "silent": FaultText(
        sentence("no answer"),
        sentence("See whether it is switched on and its cable is in; a firewall may drop what is sent to it."),
    ),
    "refused": FaultText(
        sentence("the port is closed"),
        sentence("The machine is up, the service is not: see whether it runs, and on this port."),
    ),
    "unreachable": FaultText(
        sentence("no way leads there"), sentence("Look at the routers and lines between here and there.")
    ),
    "name": FaultText(
        sentence("its name is not found"), sentence("Look at the name servers, and whether the name is spelt rightly.")
    ),
    "slow": FaultText(sentence("the answer came too late"), sentence("See how busy the machine and the line are.")),
    "status": FaultText(
        sentence("another status than expected"), sentence("Open it in a browser; the log of the service says more.")
    ),
    "words": FaultText(
        sentence("the expected words are missing"),
        sentence("Open it in a browser: it may show an error or somebody else's page."),
    ),
    "certificate": FaultText(
        sentence("its certificate is not accepted"),
        sentence("See whether it has expired, is for this name, and comes from an authority that is known here."),
    ),
    "expiring": FaultText(sentence("its certificate expires soon"), sentence("Renew the certificate.")),
    "nonsense": FaultText(
        sentence("the answer makes no sense"), sentence("See whether another service listens on this port.")
    ),
    "forbidden": FaultText(
        sentence("this machine may not probe it so"),
        sentence("The way by which this machine pings is shown among the systems; choose a TCP port instead."),
    ),
}

GRADE_LIMITS: tuple[tuple[float, Grade], ...] = ((100.0, "excellent"), (200.0, "good"), (500.0, "average"))
"""A grade is for answers of less than so many milliseconds."""
GRADES: dict[Grade, Sentence] = {
    "excellent": sentence("excellent"),
    "good": sentence("good"),
    "average": sentence("fair"),
    "poor": sentence("poor"),
    "disconnected": sentence("disconnected"),
}


def grade_of(ms: float | None) -> Grade:
    """Return the grade of an answer's time; None is no answer."""
    if ms is None:
        return "disconnected"
    return next((grade for limit, grade in GRADE_LIMITS if ms < limit), "poor")


class Probes(Protocol):
    """Probe hosts. `ping_way` names how this machine pings."""

    ping_way: Way

    async def probe(self, target: Target) -> Outcome:
        """Probe a host once. It takes at most `PROBE_SECONDS` (netmonitor/probes).

        Raises nothing but Overloaded, when this machine itself has no socket or process left: that says nothing of the
        host.
        """
        ...

    async def close(self) -> None: ...
