"""Add and forget the devices that get pushes: browsers by their subscription, phones by their token (contract §5)."""

from collections.abc import Mapping
from functools import wraps
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotConfigured, NotFound, Sentence, sentence
from helpdesk.notifications.channels.webpush import keys
from helpdesk.notifications.channels.webpush.endpoints import LONGEST, current, trouble
from helpdesk.store import devices
from helpdesk.store.devices import FCM, WEB_PUSH, Address
from helpdesk.web.accounts import user_agent
from helpdesk.web.core import request_body, request_data, session
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import json_response
from helpdesk.web.core.guards import Handler
from helpdesk.web.core.request_data import Fields, refusal
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import translate

LARGEST_BODY = 8 * 1024
LONGEST_TOKEN = 2_000
LONGEST_KEY = 120
PLATFORMS = {
    "android": sentence("Android phone"),
    "ios": sentence("iPhone or iPad"),
    "web": sentence("Browser"),
}
"""What a phone's program may call its platform; another one is named by its User-Agent."""
ADDED = sentence("Notifications come to this device now.")
REMOVED = sentence("Notifications do not come to this device any more.")
NOT_OBJECT = sentence("This must be an object.")
NOT_A_TOKEN = sentence("This is no token of Firebase.")


async def key(request: Request) -> Response:
    """Return the key by which a browser subscribes. Raises NotConfigured while no pushes are sent to browsers."""
    _require(request, WEB_PUSH)
    return json_response(request, {"publicKey": keys.public_text(services(request).settings.vapid_public_key or "")})


async def subscription(request: Request) -> Response:
    """Add this browser by its subscription, or renew it; a DELETE forgets it."""
    _require(request, WEB_PUSH)
    fields = _unwrapped(await request_data.read(request))
    endpoint = current(fields.required_text("endpoint", LONGEST))
    if request.method == "DELETE":
        return await _forget(request, endpoint)
    if message := trouble(endpoint, services(request).settings.push_hosts or ()):
        raise refusal("endpoint", message)
    address = Address(WEB_PUSH, endpoint, *_keys(fields.values.get("keys")))
    return await _add(request, address, user_agent.device(request.headers.get("user-agent", "")))


async def token(request: Request) -> Response:
    """Add this phone by its token of Firebase, or renew it; a DELETE forgets it."""
    _require(request, FCM)
    fields = await request_data.read(request)
    text = fields.required_text("token", LONGEST_TOKEN)
    if not text.isascii() or not text.isprintable() or " " in text:
        raise refusal("token", NOT_A_TOKEN)
    if request.method == "DELETE":
        return await _forget(request, text)
    platform = fields.text("platform", 40).lower()
    name = PLATFORMS.get(platform) or user_agent.device(request.headers.get("user-agent", ""))
    return await _add(request, Address(FCM, text), name)


def small(handler: Handler) -> Handler:
    """Let a body be only as large as a device needs."""

    @wraps(handler)
    async def limited(request: Request) -> Response:
        request_body.allow(request, LARGEST_BODY, files=False)
        return await handler(request)

    return limited


def _require(request: Request, channel: str) -> None:
    if channel not in services(request).outbox.workers:
        raise NotConfigured


def _unwrapped(fields: Fields) -> Fields:
    """Return the subscription, which earlier pages wrapped in an object. Raises Invalid for something else there."""
    return Fields(_object("subscription", fields.values["subscription"])) if "subscription" in fields.values else fields


def _keys(given: object) -> tuple[str, str]:
    """Return both keys in base64url. Raises Invalid."""
    fields = Fields(_object("keys", given))
    p256dh = keys.point(fields.required_text("p256dh", LONGEST_KEY))
    if not p256dh:
        raise refusal("p256dh", sentence("This is no key of a browser: a point of the curve P-256."))
    auth = keys.secret(fields.required_text("auth", LONGEST_KEY))
    if not auth:
        raise refusal("auth", sentence("This is no secret of a browser: 16 bytes."))
    return p256dh, auth


def _object(name: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise refusal(name, NOT_OBJECT)
    return value


async def _add(request: Request, address: Address, name: Sentence) -> Response:
    signed_in, now, said = await session.required(request), services(request).clock(), translate(request, name)

    def work(db: Session) -> int:
        return devices.subscribe(db, signed_in.person.id, address, said, signed_in.mark, now).id or 0

    number = await stored(request, work)
    return json_response(request, {"message": translate(request, ADDED), "subscription_id": number}, 201)


async def _forget(request: Request, address: str) -> Response:
    """Raises NotFound for a device that is not there, or another person's."""
    person, now = await session.current_user(request), services(request).clock()

    def work(db: Session) -> None:
        if not devices.remove_address(db, person.id, address, now):
            raise NotFound

    await stored(request, work)
    return json_response(request, {"message": translate(request, REMOVED)})
