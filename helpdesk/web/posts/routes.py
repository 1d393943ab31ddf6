"""List the addresses of announcements, each with its guard."""

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
