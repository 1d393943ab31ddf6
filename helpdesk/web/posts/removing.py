"""Delete a post, once it is confirmed."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import sentence
from helpdesk.store import post_edits, posts
from helpdesk.web.core import flash
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, html, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.posts import access, files

LISTS = {posts.POST: "posts:index", posts.PAGE: "knowledge:index"}
DELETED = sentence("It was deleted.")


async def delete(request: Request) -> Response:
    """Ask whether to delete; a POST deletes."""
    if request.method == "POST":
        return await _delete(request)
    post = await access.load(request)
    return await answer(
        request,
        json=lambda: json_response(request, {"post": {"id": post.id, "title": post.title}}),
        page=lambda: html(request, "posts/delete.html", post=post),
    )


@idempotent
async def _delete(request: Request) -> Response:
    post = await access.load(request)
    now = services(request).clock()
    person_ids = await stored(request, lambda db: post_edits.remove(db, post.id, now))
    services(request).wakeups.wake(person_ids)
    await files.clean(request)
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, DELETED)}),
        page=lambda: flash.redirect(request, path_to(request, LISTS[post.kind]), DELETED),
    )
