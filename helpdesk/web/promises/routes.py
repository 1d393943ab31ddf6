"""List the addresses of promises and business calendars, each with its guard."""

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
