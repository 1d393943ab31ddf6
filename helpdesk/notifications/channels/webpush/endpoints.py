"""Decide which addresses of push services are sent to. They come from browsers, so anybody may have written them."""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from helpdesk.errors import Sentence, sentence

LONGEST = 2_000
PORT = 443
WELL_KNOWN = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.push.services.mozilla.com",
    "*.notify.windows.com",
    "web.push.apple.com",
    "*.push.apple.com",
)
"""The push services of the browsers that have one. `*.` in front means all below."""
OLD_PATH, NEW_PATH = "https://fcm.googleapis.com/fcm/send/", "https://fcm.googleapis.com/wp/"
TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("::/96"))
"""Addresses of IPv6 with one of IPv4 in their last 32 bits, by NAT64 and of old."""

NOT_AN_ADDRESS = sentence("This is no address of a push service.")
NOT_ENCRYPTED = sentence("This is no https address at port 443.")
UNKNOWN_SERVICE = sentence("This push service is not known here. An administrator can add it to PUSH_HOSTS.")


class Origin(NamedTuple):
    """Where a push service is reached."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return it as the audience of a token of VAPID."""
        return f"https://{self.host}" + ("" if self.port == PORT else f":{self.port}")


def current(endpoint: str) -> str:
    """Return an endpoint with the path of today; Google's service was at another one before."""
    return NEW_PATH + endpoint.removeprefix(OLD_PATH) if endpoint.startswith(OLD_PATH) else endpoint


def trouble(endpoint: str, extra: Collection[str] = ()) -> Sentence | None:
    """Return why nothing is sent to an endpoint; `extra` are an administrator's own hosts, at any port."""
    parts = _parts(endpoint)
    if parts is None or not parts.hostname or "@" in parts.netloc:
        return NOT_AN_ADDRESS
    if parts.scheme != "https" or (origin_of(endpoint).port != PORT and not is_listed(parts.hostname, extra)):
        return NOT_ENCRYPTED
    return None if is_listed(parts.hostname, (*WELL_KNOWN, *extra)) else UNKNOWN_SERVICE


def origin_of(endpoint: str) -> Origin:
    """Return where an endpoint is that has no trouble."""
    parts = urlsplit(endpoint)
    return Origin(parts.hostname or "", PORT if parts.port is None else parts.port)


def is_listed(host: str, hosts: Collection[str]) -> bool:
    """Tell whether a host is one of these, or below one of those with `*.` in front."""
    return any(host.endswith(it[1:]) if it.startswith("*.") else host == it for it in hosts)


def is_global(address: str) -> bool:
    """Tell whether an address is one of the public network, also the one of IPv4 that it may stand for."""
    try:
        ip = ip_address(address)
    except ValueError:  # a scope, which only addresses of a local network have, or none at all
        return False
    if isinstance(ip, IPv6Address):
        inner = _inner(ip)
        return all(map(_is_public, inner)) if inner else _is_public(ip) and not ip.is_site_local
    return _is_public(ip)


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _inner(ip: IPv6Address) -> tuple[IPv4Address, ...]:
    """Return the addresses of IPv4 to which one of IPv6 leads."""
    if ip.ipv4_mapped:
        return (ip.ipv4_mapped,)
    if ip.sixtofour:
        return (ip.sixtofour,)
    if ip.teredo:
        return ip.teredo
    return (IPv4Address(int(ip) & 0xFFFFFFFF),) if any(ip in it for it in TRANSLATED) else ()


def _parts(endpoint: str) -> SplitResult | None:
    if len(endpoint) > LONGEST or not endpoint.isascii() or not endpoint.isprintable():
        return None
    if any(letter in endpoint for letter in ' \\"<>^`{|}#'):
        return None
    try:
        parts = urlsplit(endpoint)
        return parts if parts.port != 0 else None
    except ValueError:
        return None
