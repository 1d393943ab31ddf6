"""What administrators type into the form of a host: what is taken, in which form, and what is refused by field."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import Invalid
from helpdesk.netmonitor.addresses import ascii_host, in_letters, url
from helpdesk.netmonitor.model import METHODS
from helpdesk.netmonitor.targets import LONGEST_ADDRESS, read, statuses
from helpdesk.store.host_fields import HostFields, names

PING = {"name": "Gate", "method": "icmp", "address": "10.0.0.1"}
WEB = {"name": "Site", "method": "http", "address": "https://site.example/", "certificate_days": "14"}
DNS = {"name": "Names", "method": "dns", "address": "10.0.0.53", "query": "site.example"}


def refused(values: Mapping[str, str]) -> set[str]:
    """The fields for which a form is refused."""
    with pytest.raises(Invalid) as caught:
        read(values)
    return set(caught.value.fields)


def test_what_a_method_needs_is_kept_and_the_rest_is_left_out() -> None:
    typed = {**PING, "port": "80", "query": "x.example", "expected_status": "nonsense", "certificate_days": "many"}
    assert read(typed) == HostFields("Gate", "", "icmp", "10.0.0.1", None, "", "", "", 0, 30, 3, 2)
    assert read({**typed, "method": "tcp"}).port == 80


def test_a_form_of_each_method_is_read() -> None:
    web = read(
        {**WEB, "expected_status": "200 - 299, 401", "expected_words": " Добро  пожаловать ", "group_name": "Web"}
    )
    assert (web.expected_status, web.expected_words, web.certificate_days) == ("200-299,401", "Добро пожаловать", 14)
    assert (read(DNS).query, read(DNS).port) == ("site.example", None)
    assert read({**DNS, "address": "", "port": "5353"}).address == ""


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({}, {"method", "name", "address"}),
        ({**PING, "method": "snmp"}, {"method"}),
        ({**PING, "name": "\u200b"}, {"name"}),
        ({**PING, "name": "a\u202eb"}, {"name"}),
        ({**PING, "name": "n" * 101, "group_name": "g" * 10_000}, {"name", "group_name"}),
        ({**PING, "address": "-f"}, {"address"}),
        ({**PING, "address": "10.0.0.1 -f"}, {"address"}),
        ({**PING, "address": "http://site.example/"}, {"address"}),
        ({**PING, "address": "site.example:80"}, {"address"}),
        ({**PING, "method": "tcp"}, {"port"}),
        ({**PING, "method": "tcp", "port": "65536"}, {"port"}),
        ({**PING, "method": "tcp", "port": "٨٠"}, {"port"}),
        ({**PING, "interval_seconds": "9", "failures_to_open": "0", "successes_to_close": "21"},
         {"interval_seconds", "failures_to_open", "successes_to_close"}),
        ({**WEB, "address": "site.example"}, {"address", "certificate_days"}),
        ({**WEB, "address": "http://site.example/"}, {"certificate_days"}),
        ({**WEB, "address": f"https://site.example/{'p' * LONGEST_ADDRESS}"}, {"address"}),
        ({**WEB, "expected_status": "200-"}, {"expected_status"}),
        ({**WEB, "expected_status": "200," * 15}, {"expected_status"}),
        ({**WEB, "expected_status": "9" * 1000}, {"expected_status"}),
        ({**DNS, "query": ""}, {"query"}),
        ({**DNS, "query": "..", "address": "a_b..c"}, {"query", "address"}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_by_field(values: Mapping[str, str], fields: set[str]) -> None:
    assert refused(values) == fields


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("GATE.Example.", "gate.example"),
        ("почта.рф", "xn--80a1acny.xn--p1ai"),
        ("a_b-c.example", "a_b-c.example"),
        ("[2001:DB8::0:1]", "2001:db8::1"),
        ("010.0.0.1", ""),
        ("10.0.0.256", ""),
        ("127.1", ""),
        ("0x7f000001", ""),
        ("fe80::1%eth0", ""),
        ("[::1", ""),
        ("-f", ""),
        ("a..b", ""),
        ("n" * 64, ""),
        ("n." * 127 + "nn", ""),
        ("ж" * 10_000, ""),
    ],
)
def test_a_host_has_one_form(typed: str, host: str) -> None:
    assert ascii_host(typed) == host


def test_names_of_other_alphabets_are_kept_in_their_letters() -> None:
    assert read({**PING, "address": "ПОЧТА.рф"}).address == "почта.рф"
    assert read({**WEB, "address": "https://ПОЧТА.рф/вход?a=1#b"}).address == "https://почта.рф/вход?a=1"


@pytest.mark.parametrize(
    "typed",
    [
        "ftp://site.example/",
        "https://anna:secret@site.example/",
        "https://@site.example/",
        "https://site.example:0/",
        "https://site.example:99999/",
        "https://site.example\\@other.example/",
        "https://site\texample/",
        "https://[fe80::1%25eth0]/",
        "https:///path",
        "https://site.example:80:90/",
        "//site.example/",
    ],
)
def test_what_is_no_plain_address_of_the_web_is_refused(typed: str) -> None:
    assert url(typed) is None


@given(st.text(max_size=600))
def test_no_text_breaks_the_form(text: str) -> None:
    for method in METHODS:
        try:
            fields = read(dict.fromkeys(names(HostFields), text) | {"method": method})
        except Invalid:
            continue
        assert ascii_host(fields.address) or url(fields.address) or method == "dns"
        assert statuses(fields.expected_status)


@given(st.text(alphabet="aж.-_1[]:x%", max_size=30))
def test_a_host_stays_the_same_when_it_is_read_again(text: str) -> None:
    host = ascii_host(text)
    assert ascii_host(host) == host == ascii_host(in_letters(host)) and not host.startswith("-")


@given(st.text(alphabet="ahtps:/?#[]@ж.1%", max_size=30).map("http://".__add__))
def test_an_address_of_the_web_stays_the_same_when_it_is_read_again(text: str) -> None:
    found = url(text)
    assert found is None or url(str(found)) == found
