"""Probes as a helpdesk has them, and ones with little patience, for what is never answered."""

from collections.abc import AsyncIterator

import pytest

from helpdesk.netmonitor import probes
from helpdesk.netmonitor.probes import NetworkProbes
from tests.servers.certificates import Authority

LIMIT = 0.5


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that the probes trust."""
    return Authority(tmp_path_factory.mktemp("company"))


@pytest.fixture
async def here(company: Authority) -> AsyncIterator[NetworkProbes]:
    connected = probes.connect(company.file)
    yield connected
    await connected.close()


@pytest.fixture
def hasty(here: NetworkProbes, monkeypatch: pytest.MonkeyPatch) -> NetworkProbes:
    """Probes that wait for half a second."""
    monkeypatch.setattr(probes, "PROBE_SECONDS", LIMIT)
    return here
