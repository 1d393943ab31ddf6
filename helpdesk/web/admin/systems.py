"""Show administrators the health of the store and of outside systems, and check one now."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotConfigured, NotFound, Sentence, Unavailable, sentence
from helpdesk.netmonitor.health import NAME as NETMONITOR
from helpdesk.netmonitor.health import WAYS
from helpdesk.store import system_health
from helpdesk.store.system_health import DOWN, UNKNOWN, UP, State
from helpdesk.system_monitor import Words, words
from helpdesk.system_names import SYSTEMS, system_name
from helpdesk.web.admin.durations import duration
from helpdesk.web.admin.line_chart import SPAN, Chart, chart
from helpdesk.web.admin.sections import section_page
from helpdesk.web.core import flash
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, html, json_response, moment
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate

STATUSES = {UP: sentence("works"), DOWN: sentence("does not work"), UNKNOWN: sentence("not checked yet")}
OVERALL = {
    "healthy": sentence("Everything works."),
    "degraded": sentence("Some of it does not work. Tasks can be worked on."),
    "reads_only": sentence("Some of it does not work. Tasks can be read, not changed."),
    "down": sentence("Tasks can't be worked on: what they are kept in does not work."),
}


class SystemView(NamedTuple):
    """A system as its row shows it. `seconds` is its latest answer; None when that check failed. `how` is for
    administrators, whatever the check found."""

    name: str
    title: Sentence
    state: State
    trouble: Words | None
    seconds: float | None
    chart: Chart
    how: Sentence | None = None


async def index(request: Request) -> Response:
    """Show all systems that are set; to programs also those that are not."""
    await services(request).system_monitor.ensure_known()
    listed = await views(request)
    return await answer(
        request, json=lambda: json_response(request, health(request, listed)), page=lambda: _page(request, listed)
    )


async def redmine_test(request: Request) -> Response:
    """Check Redmine now: 503 when it is broken, for programs as an error. Raises NotConfigured without one."""
    monitor = services(request).system_monitor
    if "redmine" not in monitor.checks:
        raise NotConfigured
    await monitor.test("redmine")
    listed = await views(request)
    redmine = listed["redmine"]
    status = status_of(Unavailable()) if redmine.state.status == DOWN else 200
    return await answer(request, json=lambda: _tested(request, redmine), page=lambda: _page(request, listed, status))


async def test(request: Request) -> Response:
    """Check one system now."""
    name = request.path_params["name"]
    if name not in services(request).system_monitor.checks:
        raise NotFound
    await services(request).system_monitor.test(name)
    view = (await views(request))[name]
    message = sentence("%(system)s was checked: %(status)s.", system=view.title, status=STATUSES[view.state.status])
    return await answer(
        request,
        json=lambda: json_response(request, {"system": name, **_to_dict(request, view)}),
        page=lambda: flash.redirect(request, f"{path_to(request, 'admin:systems')}#system-{name}", message),
        fragment=lambda: html(request, "admin/_system.html", it=view, **_words()),
    )


async def views(request: Request) -> Mapping[str, SystemView]:
    """Return the systems that are set, in their order, with what is known of them."""
    now, monitor = services(request).clock(), services(request).system_monitor
    states, samples = await services(request).database.run(
        lambda db: (system_health.states(db), system_health.samples(db, now - SPAN))
    )
    views, ping_way = {}, services(request).netmonitor.ping_way
    for name in sorted(monitor.checks, key=list(SYSTEMS).index):
        state, recent = states.get(name, State()), samples.get(name, [])
        seconds = recent[-1].seconds if recent else None
        how = WAYS.get(ping_way) if name == NETMONITOR and ping_way else None
        views[name] = SystemView(name, system_name(name), state, words(state.error), seconds, chart(recent, now), how)
    return views


def overall(states: Mapping[str, State]) -> str:
    """Return how the whole is: down when tasks can be neither read nor written, degraded when anything is broken."""
    down = {name for name, state in states.items() if state.status == DOWN}
    can_read = "redmine" not in down or states.get("mysql", State()).status == UP
    if "database" in down or not can_read:
        return "down"
    return "degraded" if down else "healthy"


def health(request: Request, listed: Mapping[str, SystemView]) -> Json:
    """Return the health as programs know it (contract §5)."""
    unset = {name: {"status": UNKNOWN, "response_time": None, "last_check": None, "error": None}
             for name in SYSTEMS}  # fmt: skip
    checked = [view.state.checked_at for view in listed.values() if view.state.checked_at]
    return {
        "overall_status": overall({name: view.state for name, view in listed.items()}),
        "services": {**unset, **{name: _to_dict(request, view) for name, view in listed.items()}},
        "last_updated": moment(max(checked, default=services(request).clock())),
    }


def _to_dict(request: Request, view: SystemView) -> Json:
    return {
        "status": view.state.status,
        "response_time": None if view.seconds is None else round(view.seconds, 4),
        "last_check": moment(view.state.checked_at),
        "error": translate(request, _sentence(view.trouble)) if view.trouble and view.state.status == DOWN else None,
    }


def _tested(request: Request, view: SystemView) -> Response:
    if view.state.status != UP:
        raise Unavailable(_sentence(view.trouble) if view.trouble else None)
    return json_response(request, _to_dict(request, view))


def _sentence(trouble: Words) -> Sentence:
    return Sentence("%(reason)s. %(advice)s", trouble._asdict())


def _in_words(listed: Mapping[str, SystemView]) -> Sentence:
    """Return in a sentence how the whole is. What Redmine's database tells can be read without Redmine."""
    states = {name: view.state for name, view in listed.items()}
    status = overall(states)
    reads_only = status == "degraded" and states.get("redmine", State()).status == DOWN
    return OVERALL["reads_only" if reads_only else status]


def _words() -> dict[str, Any]:
    return {"statuses": STATUSES, "duration": duration}


def _page(request: Request, listed: Mapping[str, SystemView], code: int = 200) -> Response:
    unset: list[Sentence] = [title for name, title in SYSTEMS.items() if name not in listed]
    context: dict[str, Any] = {"systems": listed.values(), "unset": unset, "overall": _in_words(listed)}
    return section_page(request, "admin/systems.html", code, **context, **_words())
