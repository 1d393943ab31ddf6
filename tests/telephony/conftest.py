"""A certificate authority for the imitated Finesse, and the imitation itself."""

from collections.abc import Iterator

import pytest

from tests.servers.certificates import Authority
from tests.servers.imitated_finesse import ImitatedFinesse, imitated_finesse


@pytest.fixture(scope="session")
def phone_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("finesse"))


@pytest.fixture
def finesse(phone_authority: Authority) -> Iterator[ImitatedFinesse]:
    with imitated_finesse(phone_authority) as server:
        yield server
