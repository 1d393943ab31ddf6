"""Calls that are nearly right, by everybody: none is a fault of ours, and each answer keeps the contract.

The dice are the same in each run; SEED throws others. 700 calls, 25,000 under `make soak`.
"""

import json
import os
from datetime import timedelta
from random import Random

import pytest

from helpdesk.app import create_app
from helpdesk.services import Services
from tests.contract.asking import ask
from tests.contract.calls import Call, draw
from tests.contract.promises import broken
from tests.telephony.desks import AGENT, SUPERVISOR, TO_THE_PHONE, Shift, grant
from tests.web.conftest import session_cookie
from tests.world import NAMES

CALLS = 5_000 if os.environ.get("SOAK") else 140
SEED = os.environ.get("SEED", "")

TO_THE_PHONE_AGAIN = Call(
    "POST", b"/finesse/session", [(b"content-type", b"application/json")], json.dumps(TO_THE_PHONE).encode()
)


@pytest.mark.soak
# Starlette leaves the file of a multipart body that breaks off in the middle to the garbage collector.
@pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("login", ["anna", "irina", "stranger", "admin", "nobody"])
@pytest.mark.usefixtures("story")
async def test_no_call_is_a_fault_of_ours(services: Services, login: str, shift: Shift) -> None:
    """anna and the administrator are on the phone, where calls come in as the time passes."""
    app, dice, faults, cookie = create_app(services), Random(f"{login} {SEED}"), [], _cookie(services, login)
    if login in ("anna", "admin"):
        grant(services, login, AGENT, SUPERVISOR)
        assert (await ask(app, TO_THE_PHONE_AGAIN, cookie)).status == 202
    for number in range(CALLS):
        call, shift.passed = draw(dice), shift.passed + timedelta(seconds=1)
        answer = await ask(app, call, cookie)
        faults += [f"call {number}, {call}: {fault}: {answer}"[:2_000] for fault in broken(call, answer)]
        if answer.status == 401 or b"/logout" in call.target:
            cookie = _cookie(services, login)
            await ask(app, TO_THE_PHONE_AGAIN, cookie)
    assert faults == []


def _cookie(services: Services, login: str) -> str | None:
    return session_cookie(services, login) if login in NAMES else None
