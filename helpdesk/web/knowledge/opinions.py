"""Take the votes on a knowledge page and its reviews."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, NotFound, Sentence, sentence
from helpdesk.store import page_votes, posts
from helpdesk.store.posts import PostRow
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import Json, answer, answer_refusal, html, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.posts import access, page_place

THANKS = sentence("Thank you! Your answer was noted.")
CHANGED = sentence("Somebody changed the page while you read it. Please read it again.")
REVIEWED = sentence("It is noted that the page is true.")


async def load(request: Request) -> PostRow:
    """Return the page in the address. Raises NotFound, also for an announcement."""
    page = await access.load(request)
    if page.kind != posts.PAGE:
        raise NotFound
    return page


async def vote(request: Request) -> Response:
    """Note whether the page has helped this person, in the place of their earlier vote."""
    page, person_id, now = await load(request), (await current_user(request)).id, services(request).clock()
    fields = await request_data.read(request)
    if fields.values.get("helpful") is None:
        raise request_data.refusal("helpful", request_data.NO_CHOICE)
    is_helpful, reader = fields.flag("helpful"), await access.reader(request)
    await stored(request, lambda db: page_votes.vote(db, reader, page.id, person_id, is_helpful, now))
    beside = await page_place.load(request, page)
    return await answer(
        request,
        json=lambda: json_response(request, _to_json(request, THANKS, beside)),
        page=lambda: flash.redirect(request, path_to(request, "posts:show", post_id=page.id), THANKS),
        fragment=lambda: html(request, "knowledge/_vote.html", post=page, beside=beside, thanks=THANKS),
    )


async def review(request: Request) -> Response:
    """Note that somebody found the page true as they read it. Lead them to the present one if it was changed."""
    page, person_id, now = await load(request), (await current_user(request)).id, services(request).clock()
    seen = (await request_data.read(request)).number("version") or 0
    try:
        await stored(request, lambda db: page_votes.review(db, person_id, page.id, seen, now))
    except Conflict as error:
        conflict, shown = error, path_to(request, "posts:show", post_id=page.id)
        return await answer_refusal(request, conflict, page=lambda: flash.redirect(request, shown, CHANGED))
    beside = await page_place.load(request, page)
    return await answer(
        request,
        json=lambda: json_response(request, _to_json(request, REVIEWED, beside)),
        page=lambda: flash.redirect(request, path_to(request, "posts:show", post_id=page.id), REVIEWED),
    )


def _to_json(request: Request, message: Sentence, beside: page_place.Beside) -> Json:
    return {"message": translate(request, message), **page_place.to_json(beside)}
