"""The hosts that NETMONITOR_HOSTS names."""

import pytest

from helpdesk.settings.netmonitor import SetHost, hosts
from helpdesk.settings.parsing import InvalidSetting
from helpdesk.store.host_fields import LONGEST_NAME


def test_hosts_are_named_with_their_addresses() -> None:
    assert hosts("gate=10.0.0.1, Ёлка = [::1]:80,") == (SetHost("gate", "10.0.0.1"), SetHost("Ёлка", "::1", 80))


@pytest.mark.parametrize(
    ("one", "other"),
    [("gate", "GATE"), ("Ёлка", "Елка"), ("①", "1"), ("ß" * LONGEST_NAME, "s" * LONGEST_NAME)],
)
def test_names_that_the_store_takes_for_one_are_refused(one: str, other: str) -> None:
    with pytest.raises(InvalidSetting, match="twice"):
        hosts(f"{one}=10.0.0.1,{other}=10.0.0.2")
