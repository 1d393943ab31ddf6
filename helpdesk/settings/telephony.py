"""The settings of the phone system and of the log of calls."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from helpdesk.settings import parsing
from helpdesk.settings.field import setting
from helpdesk.settings.parsing import InvalidSetting

MOST_NODES = 2
API = "/finesse/api"
Words = tuple[str, ...]
NOT_CHECKED = (
    "FINESSE_VERIFY_SSL is off: Finesse's certificate is not checked, and anybody in between can read the passwords of "
    "agents; give the file of its authority by FINESSE_CA_BUNDLE instead"
)


def finesse_nodes(text: str) -> Words:
    """Parse the https addresses of one node of Finesse or of two, with or without its path. Raises InvalidSetting."""
    nodes = tuple(parsing.http_url(part.strip()).removesuffix(API) for part in text.split(",") if part.strip())
    if not 1 <= len(nodes) <= MOST_NODES:
        raise InvalidSetting("names no node of Finesse, or more than two", "Give https://node1:8445,https://node2:8445")
    for node in nodes:
        if urlsplit(node).scheme != "https" or urlsplit(node).path:
            raise InvalidSetting(
                "is not the https address of a node", "Passwords are sent to it. Give one such as https://node1:8445"
            )
    return nodes


def trunk_prefixes(text: str) -> Words:
    """Parse the digits that are put before outside numbers. Raises InvalidSetting."""
    prefixes = tuple(part.strip() for part in text.split(",") if part.strip())
    if not all(re.fullmatch(r"[0-9*#]{1,6}", prefix, re.ASCII) for prefix in prefixes):
        raise InvalidSetting("holds something else than digits", "Give such as 9 or 9,98")
    return tuple(sorted(prefixes, key=len, reverse=True))


@dataclass(frozen=True)
class TelephonySettings:
    finesse_nodes: Words | None = setting(
        "FINESSE_BASE_URL",
        "Cisco Finesse: the https address of its node, or of two with a comma; absent: there is no call desk",
        finesse_nodes,
        ini="finesse.base_url finesse.finesse_base_url",
    )
    finesse_verify_ssl: bool = setting(
        "FINESSE_VERIFY_SSL",
        "whether Finesse's certificate is checked; without it anybody in between can read the passwords of agents",
        parsing.flag,
        default=True,
        ini="finesse.verify_ssl finesse.finesse_verify_ssl",
    )
    finesse_ca_bundle: Path | None = setting(
        "FINESSE_CA_BUNDLE",
        "the authority of Finesse's certificate; absent: CA_BUNDLE",
        parsing.ca_bundle,
        ini="finesse.ca_bundle finesse.finesse_ca_bundle",
    )
    calls_days: int = setting("CALLS_DAYS", "how many days calls are kept", parsing.days, default=365)
    phone_trunk_prefixes: Words | None = setting(
        "PHONE_TRUNK_PREFIXES",
        "digits that the phone system puts before outside numbers, with commas: 9,98",
        trunk_prefixes,
    )

    @property
    def careless(self) -> list[str]:
        """Return a notice for what is set and is not safe."""
        return [NOT_CHECKED] if self.finesse_nodes and not self.finesse_verify_ssl else []
