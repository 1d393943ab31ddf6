"""Show administrators how often each route is asked and how long it takes, over all processes."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import sentence
from helpdesk.route_times import Times
from helpdesk.store.route_metrics import Metrics
from helpdesk.web.admin.durations import duration
from helpdesk.web.admin.sections import section_page
from helpdesk.web.core import flash
from helpdesk.web.core.after_write import Act, record, saved
from helpdesk.web.core.faces import Json, answer, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate

RESET = sentence("The numbers were reset: counting begins again from zero.")
DIGITS = 6


async def index(request: Request) -> Response:
    """Show the numbers; a DELETE, and the POST of the page's form, resets them."""
    if request.method in ("POST", "DELETE"):
        return await _reset(request)
    metrics = await services(request).metrics.read()
    return await answer(
        request, json=lambda: json_response(request, _to_dict(metrics)), page=lambda: _page(request, metrics)
    )


async def _reset(request: Request) -> Response:
    await saved(request, services(request).metrics.reset())
    await record(request, Act("metrics_reset"))
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, RESET)}),
        page=lambda: flash.redirect(request, path_to(request, "admin:metrics"), RESET),
    )


def _to_dict(metrics: Metrics) -> Json:
    """Return the numbers as programs know them (contract §5), in seconds."""
    return {"metrics": {route: _row(times) for route, times in metrics.routes.items()}, "workers": metrics.workers}


def _row(times: Times) -> Json:
    seconds = {
        "total_time": times.total,
        "avg_time": times.average,
        "max_time": times.longest,
        "min_time": times.shortest,
        "p95_time": times.p95,
    }
    return {"count": times.requests, **{name: round(value, DIGITS) for name, value in seconds.items()}}


def _page(request: Request, metrics: Metrics) -> Response:
    highest = max((times.total for times in metrics.routes.values()), default=0.0) or 1.0
    requests = sum(times.requests for times in metrics.routes.values())
    context: dict[str, Any] = {"routes": metrics.routes, "workers": metrics.workers, "requests": requests}
    return section_page(request, "admin/metrics.html", highest=highest, duration=duration, **context)
