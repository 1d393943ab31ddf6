"""The settings of the network monitor."""

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from helpdesk.settings import parsing
from helpdesk.settings.field import setting
from helpdesk.settings.parsing import InvalidSetting
from helpdesk.store.host_fields import LONGEST_NAME, MOST_HOSTS, folded

Access = Literal["everybody", "staff", "administrators"]
HALF_OF_TASKS = (
    "Incidents of the network monitor open no tasks: that takes NETMONITOR_TASK_PROJECT and NETMONITOR_TASK_AUTHOR."
)
HINT = "Give name=address or name=address:port, with commas between them"
ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(?P<port>[0-9]{1,5}))?")


class SetHost(NamedTuple):
    """A host that NETMONITOR_HOSTS names: it is probed at its port, or by ping without one."""

    name: str
    address: str
    port: int | None = None


def hosts(text: str) -> tuple[SetHost, ...]:
    """Parse `name=address[:port]` with commas. Raises InvalidSetting."""
    found = tuple(_host(part.strip()) for part in text.split(",") if part.strip())
    if len({folded(it.name) for it in found}) < len(found):
        raise InvalidSetting("names a host twice", HINT)
    if len(found) > MOST_HOSTS:
        raise InvalidSetting(f"names more than {MOST_HOSTS} hosts", HINT)
    return found


def _host(text: str) -> SetHost:
    name, _, address = (part.strip() for part in text.partition("="))
    match = ADDRESS.fullmatch(address)
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or match is None:
        raise InvalidSetting("holds something else than hosts", HINT)
    return SetHost(name, match["host"].strip("[]"), parsing.port(match["port"]) if match["port"] else None)


@dataclass(frozen=True)
class NetmonitorSettings:
    netmonitor_hosts: tuple[SetHost, ...] | None = setting(
        "NETMONITOR_HOSTS",
        "hosts that are watched, besides those of the administrators' page: name=address[:port], with commas",
        hosts,
    )
    netmonitor_access: Access = setting(
        "NETMONITOR_ACCESS",
        "who sees the network monitor: everybody, staff (who may have tasks) or administrators",
        parsing.one_of("everybody", "staff", "administrators"),
        default="staff",
    )
    netmonitor_status_page: bool = setting(
        "NETMONITOR_STATUS_PAGE",
        "whether anybody, also without signing in, sees at /status how the hosts that administrators chose are",
        parsing.flag,
        default=False,
    )
    netmonitor_task_project: str | None = setting(
        "NETMONITOR_TASK_PROJECT",
        "the identifier of the project in which an incident opens a task; absent: none is opened",
    )
    netmonitor_task_author: str | None = setting(
        "NETMONITOR_TASK_AUTHOR", "the login of the account here by which these tasks are written"
    )

    @property
    def without_tasks(self) -> list[str]:
        """Return a notice when only a part of what opens tasks is set."""
        is_half = bool(self.netmonitor_task_project) != bool(self.netmonitor_task_author)
        return [HALF_OF_TASKS] if is_half else []
