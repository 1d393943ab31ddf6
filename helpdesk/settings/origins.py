"""Parse origins as browsers send them: in lower case, without the usual port, other letters than ASCII as punycode."""

from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

from helpdesk.settings.parsing import InvalidSetting, http_url

PORTS = {"http": 80, "https": 443}
OF_HOSTS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_")
HINT = "Give only https://helpdesk.example.test"


def origin(text: str) -> str:
    parts = urlsplit(http_url(text))
    if parts.path:
        raise InvalidSetting("has more than scheme, host and port", HINT)
    port = "" if parts.port in (None, PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{_host(parts)}{port}"


def origins(text: str) -> tuple[str, ...]:
    listed = [each.strip() for each in text.split(",") if each.strip()]
    if any("*" in each for each in listed):
        raise InvalidSetting("names all sites by *", "Name each origin: https://tools.example.test")
    return tuple(origin(each) for each in listed)


def _host(parts: SplitResult) -> str:
    typed = (parts.hostname or "").lower()
    try:
        if ":" in typed and "%" not in typed:
            return f"[{IPv6Address(typed).compressed}]"
        host = typed.encode("idna").decode()
        is_same = typed in (host, host.encode().decode("idna"))  # browsers write some letters another way
    except ValueError:
        is_same = False
    if not is_same or not OF_HOSTS.issuperset(host):
        raise InvalidSetting("has a host that can be none", f"{HINT}, other letters than a to z as xn--…")
    return host
