"""Decide who may see the network monitor."""

from typing import Protocol

from helpdesk.settings.netmonitor import Access


class Account(Protocol):
    """The part of an account that decides."""

    @property
    def is_admin(self) -> bool: ...


def may_see(person: Account, access: Access, has_tasks: bool) -> bool:
    """Tell whether a person may see the monitor by the setting NETMONITOR_ACCESS; `has_tasks` marks those who have an
    identity in the task system."""
    return person.is_admin or access == "everybody" or (access == "staff" and has_tasks)
