"""Read e-mail addresses in the texts of fields, and bring each to one form in which two are compared whole.

A wrong match shows somebody else's request, so a text is read strictly: what is no plain address is nobody's. Letters
only lose their case, since other foldings take different letters for the same one (such as the sign of Kelvin for K).
Source: RFC 5322, 3.4, with spaces between addresses as people write them.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from unicodedata import is_normalized

import idna

LONGEST_TEXT = 65_536
MOST_ADDRESSES = 10_000
LONGEST_LOCAL = 64
LONGEST_DOMAIN = 253
LONGEST_LABEL = 63

Canonical = Mapping[str, str]
"""The domain that stands for each alias."""
NO_ALIASES: Canonical = {}

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u00a1-\U0010ffff]++"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*+")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_ANGLED = re.compile(r"<[^<>]*+(?:>|\Z)")
_PLAIN = re.compile(r'[^\s,;:<>()"]+')
_BLANK = re.compile(r"\s+")
_MARK = re.compile(r"[()\\]")


def addresses(text: str, canonical: Canonical = NO_ALIASES) -> frozenset[str]:
    """Return the addresses of a field. Names, comments and quoted texts hold none; what is too long is not read."""
    return frozenset(listed(text, canonical))


def listed(text: str, canonical: Canonical = NO_ALIASES) -> tuple[str, ...]:
    """Return the addresses of a field in their order, each once."""
    found: dict[str, None] = {}
    for each in _mailboxes(_beginning(text)):
        if address := normalized(each, canonical):
            found[address] = None
            if len(found) == MOST_ADDRESSES:
                break
    return tuple(found)


def without(text: str, gone: Collection[str], canonical: Canonical = NO_ALIASES) -> str:
    """Return a field without these normalized addresses, where they stand alone between commas as we write them. What
    others have written stays as it is, and so does what is too long."""
    if len(text) > LONGEST_TEXT:
        return text
    parts = text.split(",")
    kept = [each for each in parts if normalized(each, canonical) not in gone]
    return text if len(kept) == len(parts) else ",".join(kept).strip()


def normalized(address: str, canonical: Canonical = NO_ALIASES) -> str:
    """Return one plain address in the form in which addresses are compared; empty for anything else."""
    local, at, named = address.strip().rpartition("@")
    if not at or len(local.encode("utf-8", "replace")) > LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        return ""
    if not is_normalized("NFC", local):
        return ""
    host = domain(named)
    return f"{_lower(local)}@{canonical.get(host, host)}" if host else ""


@lru_cache(maxsize=4096)
def domain(name: str) -> str:
    """Return a domain in the form in which domains are compared; empty for what can be none."""
    plain = _lower(name.removesuffix("."))
    if not plain or len(plain) > LONGEST_DOMAIN:
        return ""
    labels = [_label(each) for each in plain.split(".")]
    return ".".join(labels) if all(labels) else ""


def aliases_of(groups: tuple[tuple[str, ...], ...]) -> dict[str, str]:
    """Return the first domain of each group for all of its domains."""
    return {domain(each): domain(group[0]) for group in groups for each in group}


def variants(address: str, canonical: Canonical = NO_ALIASES) -> frozenset[str]:
    """Return all addresses that mean the same mailbox as a normalized one, also with domains in letters."""
    local, _, host = address.rpartition("@")
    domains = {host, *(alias for alias, first in canonical.items() if first == host)}
    return frozenset(f"{local}@{each}" for name in domains for each in (name, _in_letters(name)))


def needles(address: str, canonical: Canonical = NO_ALIASES) -> frozenset[str]:
    """Return texts of which one stands, in any case, in each field with this normalized address.

    Databases differ in the case of letters beyond ASCII, so those are left out.
    """
    local, _, host = address.rpartition("@")
    domains = {host, *(alias for alias, first in canonical.items() if first == host)}
    known = local if local.isascii() else ""
    return frozenset(f"{known}@{'' if 'xn--' in each else each}" for each in domains)


def _beginning(text: str) -> str:
    """Cut a text that is too long behind an address, since half an address may be somebody else's."""
    if len(text) <= LONGEST_TEXT:
        return text
    ends = max(text.rfind(mark, 0, LONGEST_TEXT) for mark in ",;")
    return text[: ends + 1]


def _mailboxes(text: str) -> Iterator[str]:
    """Yield what stands where a list of mailboxes has addresses.

    Words before an address in angle brackets are its name, and those before a colon are the name of a group. Parts
    that touch each other, as in `jo"ann"@x` or `jo(is)ann@x`, are one word, and no address.
    """
    words: list[str] = []
    place, word, is_broken = 0, "", False

    def finish() -> None:
        nonlocal word, is_broken
        if word and not is_broken:
            words.append(word)
        word, is_broken = "", False

    while place < len(text):
        char = text[place]
        if found := _PLAIN.match(text, place):
            word += found[0]
        elif found := _BLANK.match(text, place):
            finish()
        elif char == '"':
            found = _QUOTED.match(text, place)
            is_broken = True
            word = word or char
        elif char == "<":
            word, is_broken = "", False
            words.clear()
            found = _ANGLED.match(text, place)
            if found and found[0].endswith(">"):
                yield found[0][1:-1]
        elif char == "(":
            place = _behind_comment(text, place)
            is_broken = is_broken or not (_ends_word(text, place) or not word)
            continue
        else:
            finish()
            if char in ",;":
                yield from words
            words.clear()
        place = found.end() if found else place + 1
    finish()
    yield from words


def _ends_word(text: str, place: int) -> bool:
    return place >= len(text) or text[place].isspace() or text[place] in ",;:<>"


def _behind_comment(text: str, place: int) -> int:
    """Return the place behind the comment that begins here. Comments nest."""
    depth = 0
    while found := _MARK.search(text, place):
        place = found.end()
        if found[0] == "\\":
            place += 1
            continue
        depth += 1 if found[0] == "(" else -1
        if depth == 0:
            return place
    return len(text)


def _lower(text: str) -> str:
    """Lower the letters that have one small form. No other letter becomes one of ASCII."""
    return "".join(map(_small, text))


def _small(letter: str) -> str:
    small = letter.lower()
    return small if len(small) == 1 and letter.isascii() == small.isascii() else letter


def _label(text: str) -> str:
    if text.isascii():
        return text if len(text) <= LONGEST_LABEL and _LABEL.fullmatch(text) else ""
    try:
        return idna.alabel(text).decode()
    except (idna.IDNAError, UnicodeError):
        return ""


def _in_letters(host: str) -> str:
    try:
        return ".".join(idna.ulabel(each) if each.startswith("xn--") else each for each in host.split("."))
    except (idna.IDNAError, UnicodeError):
        return host
