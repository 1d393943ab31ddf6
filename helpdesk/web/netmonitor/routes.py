"""List the addresses of the network monitor, each with its guard."""

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
