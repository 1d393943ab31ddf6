"""One request as a page, and as the fragments that answer a form on it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, Sentence, TooLarge, sentence
from helpdesk.requests import model
from helpdesk.store.drafts import StoredDraft
from helpdesk.tasks.change_messages import in_words
from helpdesk.tasks.conversation import files_by_entry
from helpdesk.tasks.markup.render import Part
from helpdesk.web.clocks import shown as clocks
from helpdesk.web.core import request_data
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import html
from helpdesk.web.core.services import path_to, services
from helpdesk.web.drafts import service as drafts
from helpdesk.web.files import uploads
from helpdesk.web.requests.requester import owner, requester
from helpdesk.web.tasks import colors, rendered_texts
from helpdesk.web.tasks.page import run_if_many

GRADES: dict[int, Sentence] = {
    1: sentence("very bad"),
    2: sentence("bad"),
    3: sentence("so-so"),
    4: sentence("good"),
    5: sentence("excellent"),
}
LONGEST_WORD = 500
Refusal = Invalid | TooLarge


async def load(request: Request) -> model.Request:
    """Return the request that the address names. Raises NotFound, also for another person's."""
    return await services(request).requests.show(await requester(request), request_data.task_id(request))


def address(request: Request, number: int) -> str:
    return path_to(request, "requests:show", task_id=number)


async def whole(request: Request, asked: model.Request, status: int = 200, **context: Any) -> Response:
    """Show the whole page."""
    return await _render(request, "requests/show.html", asked, status, with_description=True, **context)


async def refused(request: Request, asked: model.Request, form: str, refusal: Refusal) -> Response:
    """Show the page with the refused form, `answer` or `solve`."""
    return await whole(request, asked, status_of(refusal), refused=_refusal(form, refusal, await _typed(request)))


async def refused_form(request: Request, asked: model.Request, form: str, refusal: Refusal) -> Response:
    """Show the refused form by itself for htmx."""
    shown = _refusal(form, refusal, await _typed(request))
    template = f"requests/_{form}.html"
    return await _render(request, template, asked, status_of(refusal), with_state=False, refused=shown)


async def part(
    request: Request, template: str, asked: model.Request, *, with_state: bool = True, **context: Any
) -> Response:
    """Show a fragment, one in which the state of the request stands or not."""
    return await _render(request, template, asked, 200, with_state=with_state, **context)


async def text(request: Request, asked: model.Request, source: str, first: int) -> Part:
    """Render a long text of the request from part `first` on."""
    return await rendered_texts.render(request, source, texts_of(asked), first)


def named(refusal: Invalid, name: str) -> Invalid:
    """Return a refusal with the faults of the text under the name that its field has in the form."""
    return Invalid({name if field == "text" else field: faults for field, faults in refusal.fields.items()})


def texts_of(asked: model.Request) -> rendered_texts.RequestTexts:
    return rendered_texts.RequestTexts(asked.id, asked.files)


def _refusal(form: str, refusal: Refusal, typed: Mapping[str, Any]) -> dict[str, Any]:
    return {"form": form, "error": refusal, "typed": typed}


async def _typed(request: Request) -> Mapping[str, Any]:
    return (await request_data.read(request)).values


async def _render(
    request: Request,
    template: str,
    asked: model.Request,
    status: int,
    with_description: bool = False,
    with_state: bool = True,
    **context: Any,
) -> Response:
    """Render a template with the request, which it knows as its `task`. The description's text has the number 0."""
    sources = {0: asked.description} if with_description else {}
    sources |= {entry.id: entry.notes for entry in asked.entries if entry.notes}
    texts, forms, expected, _ = await asyncio.gather(
        rendered_texts.beginnings(request, sources, texts_of(asked)),
        _forms(request, asked),
        _expected(request, asked, with_state),
        colors.prepare(request),
    )
    shared = {
        "room": "requests",
        "task": asked,
        "expected": expected,
        "entries": asked.entries,
        "texts": texts,
        "files": files_by_entry(asked.entries, asked.files),
        "in_words": in_words,
        "grades": GRADES,
        "longest_word": LONGEST_WORD,
        "refused": None,
        "message": None,
        "shown": False,
    }
    return await run_if_many(
        lambda: html(request, template, status, **{**shared, **forms, **context}), len(asked.entries)
    )


async def _expected(request: Request, asked: model.Request, with_state: bool) -> list[tuple[clocks.Shown, bool]]:
    """Return what is promised, each with whether we are late. It stands in the state of the request, and a history is
    read for it."""
    promised = await clocks.of_request(request, asked.row) if with_state else ()
    return [(clocks.shown(request, it), it.is_over) for it in promised]


async def _forms(request: Request, asked: model.Request) -> dict[str, Any]:
    """Return what the forms show of their person: the signed owner, the draft, and files that were sent already."""
    who = await requester(request)
    draft = await _draft(request, who, asked)
    thanks = await drafts.of_place(request, f"{drafts.REQUEST}:{asked.id}:solved")
    if draft and not hasattr(request.state, "staged"):
        uploads.restore(request, owner(who), draft.fields.get("staged"))
    return {
        "draft": draft,
        "thanks": thanks.fields if thanks else {},
        "typed_by": await drafts.form_owner(request),
        "me": who.actor.id if who.actor else None,
        **uploads.context(request, owner(who)),
    }


async def _draft(request: Request, who: model.Requester, asked: model.Request) -> StoredDraft | None:
    """Return the draft of an answer, unless its text is among the comments already."""
    draft = await drafts.of_place(request, f"{drafts.REQUEST}:{asked.id}:show")
    if draft and who.actor and drafts.was_sent(draft, asked.entries, who.actor.id):
        return None
    return draft
