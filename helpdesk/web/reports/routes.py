"""List the addresses of reports, each with its guard."""

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
