"""What the forms of a call need: who may write, the reasons that end a call, and the draft of a note."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from helpdesk.errors import NotAllowed, sentence
from helpdesk.languages import say
from helpdesk.store import company_texts
from helpdesk.store.call_lists import Call
from helpdesk.telephony import wrap_up
from helpdesk.web.calls.access import call_of, may_write
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.drafts import service as drafts

NOT_YOURS = sentence("Only the agent of a call and supervisors write to it.")


async def writable(request: Request) -> Call:
    """Return the call that the address names. Raises NotFound, NotAllowed."""
    call = await call_of(request)
    if not may_write(call.row, await current_user(request)):
        raise NotAllowed(NOT_YOURS)
    return call


async def reasons(request: Request) -> tuple[str, ...]:
    """Return the reasons that can end a call."""
    text = await services(request).database.run(lambda db: company_texts.read(db, company_texts.WRAP_UP))
    return wrap_up.reasons(
        text if text is not None else say(services(request).settings.default_locale, wrap_up.DEFAULT)
    )


async def context(request: Request, call: Call) -> Mapping[str, Any]:
    """Return what the form of a note shows."""
    draft = await drafts.of_place(request, f"{drafts.CALL}:{call.id}:note")
    typed = {"comment": call.row.note, "wrap_up": call.row.wrap_up, **(draft.fields if draft else {})}
    return {
        "typed": typed,
        "draft": draft,
        "typed_by": await drafts.form_owner(request),
        "reasons": await reasons(request),
    }
