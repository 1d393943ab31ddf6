"""List the addresses of knowledge pages, each with its guard."""

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
