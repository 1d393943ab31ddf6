"""The second factor: codes that change with the time (TOTP, RFC 6238), and recovery codes that count once.

Time is counted in steps of STEP_SECONDS, each with a code of its own.
"""

import hmac
import re
from collections.abc import Iterable
from datetime import datetime
from secrets import choice

import pyotp
import segno

from helpdesk.people.model import Person
from helpdesk.threads import Threads

THREADS = Threads(1)
DIGITS = 6
STEP_SECONDS = 30
DRIFT = 1
"""By how many steps a person's clock may differ from ours, either way."""
LONGEST_CODE = 100
CODE = re.compile(f"[0-9]{{{DIGITS}}}")
RECOVERY_CODES = 10
RECOVERY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that look alike
RECOVERY_GROUPS, GROUP = 4, 4
RECOVERY_CODE = re.compile(f"[{RECOVERY_ALPHABET}]{{{RECOVERY_GROUPS * GROUP}}}")
"""Of 79 random bits, so that nobody finds it by its hash."""


def is_required(person: Person, rule: str) -> bool:
    """Tell whether the setting SECOND_FACTOR lets the person do nothing without a second factor."""
    return rule == "administrators" and person.is_admin


def is_offered(person: Person, rule: str) -> bool:
    """Tell whether the person may set one up: other directories than ours have second factors of their own."""
    return person.source == "local" or is_required(person, rule)


def new_secret() -> str:
    return pyotp.random_base32()


def step_at(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def cleaned(typed: str) -> str:
    """Return a code without the spaces and hyphens by which people group it."""
    return re.sub(r"[\s-]", "", typed).lower()


def matching_step(secret: str, typed: str, now: datetime, last_step: int) -> int | None:
    """Return the step whose code was typed, if it is near enough and later than `last_step`.

    A library's own check would take digits of other alphabets for ours.
    """
    code, present = cleaned(typed), step_at(now)
    if not CODE.fullmatch(code):
        return None
    near = range(max(present - DRIFT, last_step + 1), present + DRIFT + 1)
    return next((step for step in near if hmac.compare_digest(code_of(secret, step), code)), None)


def code_of(secret: str, step: int) -> str:
    return pyotp.HOTP(secret, digits=DIGITS).at(step)


def step_after_recovery(now: datetime, last_step: int) -> int:
    """Return the last step after a recovery code was used: it moves on, too, so that no code before it counts."""
    return max(step_at(now), last_step + 1)


def new_recovery_codes() -> list[str]:
    """Return new recovery codes as people write them, in groups."""
    return ["-".join(_random(GROUP) for _ in range(RECOVERY_GROUPS)) for _ in range(RECOVERY_CODES)]


def recovery_code(typed: str) -> str | None:
    """Return a recovery code as it is hashed; None for a text that can be none."""
    code = cleaned(typed)
    return code if RECOVERY_CODE.fullmatch(code) else None


def address(secret: str, login: str, issuer: str) -> str:
    """Return the address by which an authenticator app knows the secret."""
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS).provisioning_uri(name=login, issuer_name=issuer)


async def qr_code(text: str) -> str:
    """Return an SVG element without styles, black on white. It takes 20 to 100 ms, off the event loop."""
    return await THREADS.run(_drawn, text)


def _drawn(text: str) -> str:
    return segno.make(text, error="m", micro=False).svg_inline(light="#fff", omitsize=True, svgclass="qr")


def grouped(secret: str) -> str:
    """Return a secret in groups of four, for people who type it."""
    return " ".join(_groups(secret))


def _groups(text: str) -> Iterable[str]:
    return (text[start : start + GROUP] for start in range(0, len(text), GROUP))


def _random(length: int) -> str:
    return "".join(choice(RECOVERY_ALPHABET) for _ in range(length))
