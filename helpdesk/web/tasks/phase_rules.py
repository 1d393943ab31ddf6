"""The phases that administrators give to statuses, for counting tasks by phase."""

from sqlmodel import Session
from starlette.requests import Request

from helpdesk.store import board
from helpdesk.tasks.phases import Rule, Rules
from helpdesk.web.core.services import services


def kept(session: Session) -> Rules:
    return {status: Rule(it.phase, it.wip_limit) for status, it in board.columns(session).items()}


async def rules(request: Request) -> Rules:
    return await services(request).database.run(kept)
