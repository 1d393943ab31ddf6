"""Pytest fixtures of the real servers; loaded as a plugin (`pytest_plugins`, or `-p tests.servers.fixtures`)."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from pytest_timeout import get_env_settings

from helpdesk import redmine_client
from tests.servers import redis, slapd_company
from tests.servers import slapd as slapd_server
from tests.servers.certificates import Authority
from tests.servers.imitated_redmine import ImitatedRedmine, imitated_redmine
from tests.servers.proxy import Proxy, proxy_to
from tests.servers.redis import Redis, running_redis
from tests.servers.redmine import Redmine, running_redmine, why_not_here
from tests.servers.redmine_instance import FEW
from tests.servers.slapd import Slapd, running_slapd

SECONDS = 300
# Ruby compiles what it runs often, where it can: a seventh less for each request, and a second more at the start.
COMPILING = replace(FEW, env={**FEW.env, "RUBY_YJIT_ENABLE": "1"})


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that share the Redmine of a session run in one xdist worker, and have time for its start.

    Those that go through our pages share one, all others another, so that two workers can drive a Redmine.
    """
    configured = get_env_settings(config).timeout
    for item in items:
        if "redmine" in getattr(item, "fixturenames", ()):
            through_pages = item.nodeid.startswith(("e2e/", "tests/web/", "tests/contract/"))
            item.add_marker(pytest.mark.xdist_group("redmine pages" if through_pages else "redmine"))
            if configured and configured < SECONDS and item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(SECONDS))


@pytest.fixture(scope="session")
def redmine() -> Iterator[Redmine]:
    """A real Redmine, shared by the session: a test that changes something makes its own issue for it.

    Where none can be started the test is skipped with the reason; with CI=true it fails.
    """
    reason = why_not_here()
    if reason is not None:
        unavailable(f"no real Redmine: {reason}")
    # Not pytest's own temporary folder: only its owner may pass that one, and the servers are others.
    with tempfile.TemporaryDirectory(prefix="helpdesk-redmine-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with running_redmine(folder, COMPILING) as server:
            yield server


@pytest.fixture
def database_line(redmine: Redmine) -> Iterator[Proxy]:
    """The line to the real Redmine's database, which a test can slow down and cut."""
    with proxy_to(redmine.mysql.host, redmine.mysql.port) as proxy:
        yield proxy


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[Redis]:
    """A real Redis of the test's own."""
    if reason := redis.why_not_here():
        unavailable(f"no real Redis: {reason}")
    with running_redis(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def company_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that the certificate of the shared slapd is of."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def slapd(tmp_path_factory: pytest.TempPathFactory, company_authority: Authority) -> Iterator[Slapd]:
    """A real slapd with the people of `slapd_company`, shared by the session: a test that changes something makes its
    own entries for it."""
    if reason := slapd_server.why_not_here():
        unavailable(f"no real slapd: {reason}")
    folder = tmp_path_factory.mktemp("slapd")
    with running_slapd(folder, slapd_company.ENTRIES, company_authority.certify()) as server:
        server.change(slapd_company.NAMED_BY_MEMBERS)
        yield server


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redmine is asked again at once: nobody waits for a server that is broken on purpose."""
    monkeypatch.setattr(redmine_client, "RETRY_PAUSE_SECONDS", 0)


@pytest.fixture
async def server(no_pause: None) -> AsyncIterator[ImitatedRedmine]:
    """An imitated Redmine of the test's own, in good health until its `answers` say otherwise."""
    async with imitated_redmine() as server:
        yield server


def unavailable(reason: str) -> NoReturn:
    """Skips the test for want of a real service, except under CI=true, where it fails; never returns."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (CI=true allows no skipped test)")
    pytest.skip(reason)
