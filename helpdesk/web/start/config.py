"""Tell programs what this helpdesk can do (contract §5). Nothing here is a secret."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.people.rights import ADMIN, QUALITY
from helpdesk.store.devices import FCM, WEB_PUSH
from helpdesk.web.core.faces import json_response
from helpdesk.web.core.guards import holds
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user


async def config(request: Request) -> Response:
    """Return Redmine's address, the channels that deliver notifications, and the rooms that there are."""
    redmine_url = services(request).settings.redmine_url
    sending = services(request).outbox.workers.keys()
    enabled = {"push_enabled": bool(sending & {FCM, WEB_PUSH}), "email_enabled": "email" in sending}
    notifications = {**enabled, "sound_enabled": True}
    redmine = {"url": redmine_url, "api_enabled": redmine_url is not None}
    person = await current_user(request)
    controls = services(request).quality is not None and any(holds(person, it) for it in (QUALITY, ADMIN))
    features = {"kanban_enabled": True, "quality_control_enabled": controls}
    return json_response(request, {"redmine": redmine, "notifications": notifications, "features": features})
