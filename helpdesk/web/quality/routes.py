"""List the addresses of quality control, each with its guard."""

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
