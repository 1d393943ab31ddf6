"""List the addresses of quality control, each with its guard."""

from starlette.routing import BaseRoute

from helpdesk.web.quality.assessments import routes as assessment_routes

ROUTES: list[BaseRoute] = [
    *assessment_routes.ROUTES,
]
