"""The page of one's favourite numbers: add, remove, order."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, sentence
from helpdesk.store import phone_favourites
from helpdesk.telephony.desk import NO_NUMBER, number_of
from helpdesk.telephony.phone import NUMBER
from helpdesk.web.calls.access import desk_of
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import html
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user

LONGEST_NAME = 100
SAVED = sentence("The favourite was saved.")
REMOVED = sentence("The favourite was removed.")
TOO_MANY = sentence("There are %(most)s favourites already: remove one first.", most=phone_favourites.MOST)
UP, DOWN = "up", "down"


async def index(request: Request) -> Response:
    """List one's favourites."""
    desk_of(request)
    return await _page(request)


async def add(request: Request) -> Response:
    """Add a favourite; the name of one with the same number is changed."""
    person, fields = await current_user(request), await request_data.read(request)
    desk_of(request)
    try:
        name, number = fields.required_text("name", LONGEST_NAME).strip(), number_of(fields.required_text("number"))
        if not NUMBER.fullmatch(number):
            raise request_data.refusal("number", NO_NUMBER)
        await stored(request, lambda db: phone_favourites.add(db, person.id, name, number))
    except (Invalid, phone_favourites.TooMany) as error:
        refusal = error if isinstance(error, Invalid) else request_data.refusal("name", TOO_MANY)
        return await _page(request, refusal, 422)
    return flash.redirect(request, path_to(request, "calls:favourites"), SAVED)


async def change(request: Request) -> Response:
    """Move a favourite up or down, or remove it."""
    person, number = await current_user(request), request_data.path_id(request, "favourite_id")
    desk_of(request)
    move = (await request_data.read(request)).text("move", LONGEST_NAME)
    if move not in (UP, DOWN):
        await stored(request, lambda db: phone_favourites.remove(db, person.id, number))
        return flash.redirect(request, path_to(request, "calls:favourites"), REMOVED)
    step = -1 if move == UP else 1
    await stored(request, lambda db: phone_favourites.move(db, person.id, number, step))
    return flash.redirect(request, f"{path_to(request, 'calls:favourites')}#favourite-{number}", SAVED)


async def _page(request: Request, error: Invalid | None = None, status: int = 200) -> Response:
    person = await current_user(request)
    rows = await services(request).database.run(lambda db: phone_favourites.of_person(db, person.id))
    typed = request.state.fields.values if error else {}
    return html(request, "calls/favourites.html", status, favourites=rows, typed=typed, error=error)
