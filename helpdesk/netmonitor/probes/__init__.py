"""Probe hosts: by ping, TCP, HTTP(S) and DNS.

Whatever a host does, a probe takes at most PROBE_SECONDS and a bounded part of memory, holds up no other, and leaves no
socket and no process behind.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from helpdesk.netmonitor.addresses import ascii_host, url
from helpdesk.netmonitor.model import Outcome, Target
from helpdesk.netmonitor.probes import dns, ping, tcp
from helpdesk.netmonitor.probes.faults import ProbeFailed
from helpdesk.netmonitor.probes.http import Pages
from helpdesk.netmonitor.probes.names import Address, Names
from helpdesk.netmonitor.probes.ping import Pinger
from helpdesk.texts import squeezed

PROBE_SECONDS = 4.0
LONGEST_DETAIL = 200


def connect(ca_bundle: Path | None = None) -> "NetworkProbes":
    """Find out how this machine pings, and return its probes."""
    return NetworkProbes(ping.choose(), Names(), ca_bundle)


class NetworkProbes:
    """The probes of `netmonitor/model.py`. Raises Overloaded where this machine itself has no socket or process left:
    that is no sample of a host."""

    def __init__(self, pinger: Pinger, names: Names, ca_bundle: Path | None = None) -> None:
        self.ping_way = pinger.way
        self._pinger, self._names, self._pages = pinger, names, Pages(ca_bundle)

    async def probe(self, target: Target) -> Outcome:
        """Probe a host once. Raises nothing but Overloaded."""
        ends = asyncio.get_running_loop().time() + PROBE_SECONDS
        try:
            return await self._probe(target, ends)
        except ProbeFailed as failed:
            found = failed.outcome
            return found._replace(detail=squeezed(found.detail[:LONGEST_DETAIL])[:LONGEST_DETAIL])

    async def close(self) -> None:
        self._pinger.close()
        self._names.close()

    async def _addresses(self, target: Target) -> Sequence[Address]:
        """Raises ProbeFailed."""
        return await self._names.addresses(ascii_host(target.address))

    async def _probe(self, target: Target, ends: float) -> Outcome:
        """Raises ProbeFailed and Overloaded."""
        match target.method:
            case "icmp":
                return await self._pinger.ping(await self._addresses(target), ends)
            case "tcp":
                return await tcp.probe(await self._addresses(target), target.port or 0, ends)
            case "http":
                page = url(target.address)
                if page is None:
                    raise ProbeFailed("name")
                return await self._pages.probe(page, target, await self._names.addresses(page.host), ends)
            case "dns":
                server = (await self._addresses(target))[0] if target.address else dns.system_server()
                return await dns.probe(server, target.port or dns.PORT, target.query, ends)
