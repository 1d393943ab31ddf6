"""Stop e-mails of one kind by the link in each of them. Whoever has the mail has the link: it needs no session."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, Sentence, sentence
from helpdesk.notifications import preference_changes
from helpdesk.notifications.channels.email import unsubscribe as links
from helpdesk.notifications.channels.email.unsubscribe import Link
from helpdesk.notifications.preferences_json import from_json, to_json
from helpdesk.store import people, saved_reports
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, html, json_response
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import translate
from helpdesk.web.notifications.preferences import TYPE_LABELS

OPTION = "email"
REPORT = sentence("Mailing of a saved report")
REPORT_STOPPED = sentence("This report is not sent to you any more. The page of saved reports can bring it back.")
STOPPED = sentence("You get no more e-mails about this. The notification settings can bring them back.")


async def unsubscribe(request: Request) -> Response:
    """Show which e-mails the link stops; a POST stops them, however often it comes. Programs that look at links send no
    POST, except for one click in a mail program (RFC 8058). Raises NotFound for a link that is not ours."""
    link = links.read(services(request).settings.secret_keys, request.path_params["token"])
    if link is None:
        raise NotFound
    is_stopped = request.method == "POST"
    if is_stopped:
        now = services(request).clock().astimezone(services(request).settings.timezone)
        await stored(request, partial(_stop, link, now))
    label = REPORT if link.report_id else None if link.type == links.ALL else TYPE_LABELS[link.types[0]]
    message = REPORT_STOPPED if link.report_id else STOPPED
    return await answer(
        request,
        json=lambda: json_response(request, _described(request, link, message if is_stopped else None)),
        page=lambda: html(
            request, "notifications/unsubscribe.html", label=label, message=message if is_stopped else None
        ),
    )


def _stop(link: Link, now: datetime, session: Session) -> None:
    if not people.active(session, [link.person_id]):
        raise NotFound
    if link.report_id:
        saved_reports.stop_mailing(session, link.person_id, link.report_id)
        return
    preference_changes.change(session, link.person_id, partial(_without, link), now)


def _without(link: Link, text: str) -> str:
    preferences = from_json(text)
    stopped = {(type, OPTION) for type in link.types}
    return to_json(replace(preferences, wanted=preferences.wanted - stopped))


def _described(request: Request, link: Link, message: Sentence | None) -> dict[str, object]:
    said: dict[str, object] = {"message": translate(request, message)} if message else {}
    return {**said, "type": link.type, "stopped": message is not None}
