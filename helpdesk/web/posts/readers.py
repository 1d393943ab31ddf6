"""Show writers the people who have understood an important post, and those who have not yet."""

from collections import Counter
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, sentence
from helpdesk.store import post_reads
from helpdesk.store.post_reads import EARLIER, NOT_YET, UNDERSTOOD, Asked
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import Json, answer, html, json_response, moment
from helpdesk.web.core.services import services
from helpdesk.web.posts import access

PER_PAGE = 100
STATES = {
    NOT_YET: sentence("Not yet"),
    EARLIER: sentence("An earlier version"),
    UNDERSTOOD: sentence("Read and understood"),
}


async def index(request: Request) -> Response:
    """List the people of the audience, those who have not understood it first; `?state=` names one kind of them."""
    post, named = await access.load(request), services(request).settings.administrators
    if not post.is_important:
        raise NotFound
    state, number = request.query_params.get("state", ""), request_data.query_number(request.query_params, "page", 1)

    def work(db: Session) -> list[Asked]:
        return post_reads.asked(db, post, named)

    everybody = await services(request).database.run(work)
    counts = Counter(it.state for it in everybody)
    chosen = [it for it in everybody if it.state == state] if state in STATES else everybody
    pages, begin = max(1, -(-len(chosen) // PER_PAGE)), (number - 1) * PER_PAGE
    shown = chosen[begin : begin + PER_PAGE]
    context: dict[str, Any] = {"post": post, "people": shown, "counts": counts, "total": len(everybody)}
    return await answer(
        request,
        json=lambda: json_response(
            request,
            {
                "readers": [_to_dict(it) for it in shown],
                "counts": {name: counts[name] for name in STATES},
                "pagination": {"page": number, "per_page": PER_PAGE, "total": len(chosen), "pages": pages},
            },
        ),
        page=lambda: html(
            request, "posts/readers.html", **context, chosen=state, states=STATES, page=number, pages=pages
        ),
    )


def _to_dict(it: Asked) -> Json:
    who = {"id": it.member.id, "username": it.member.login, "full_name": it.member.full_name}
    return {"user": who, "state": it.state, "understood_at": moment(it.understood_at), "read_at": moment(it.read_at)}
