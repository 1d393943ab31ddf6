"""The laboratory of worlds, one for each worker that has tests of permissions."""

from collections.abc import Iterator

import pytest

from tests.permissions.oracle import Laboratory, laboratory
from tests.servers.fixtures import unavailable
from tests.servers.redmine import why_not_here


@pytest.fixture(scope="session")
def lab() -> Iterator[Laboratory]:
    reason = why_not_here()
    if reason is not None:
        unavailable(f"no real Redmine: {reason}")
    with laboratory() as found:
        yield found
