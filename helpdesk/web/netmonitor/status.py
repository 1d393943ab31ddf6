"""Show anybody how the hosts are that administrators chose: a page without a session, which caches may keep.

It tells names and times, no address and no fault. It reads no cookie, and its language is the browser's. Hidden unless
NETMONITOR_STATUS_PAGE is on.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from math import floor
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from helpdesk.errors import NotFound, Sentence, sentence
from helpdesk.languages import choose
from helpdesk.store import public_hosts
from helpdesk.store.public_hosts import Incident, PublicHost
from helpdesk.web.core.faces import Json, accepted, moment
from helpdesk.web.core.services import services
from helpdesk.web.edge.etag import hash_of
from helpdesk.web.files.downloads import is_known_tag
from helpdesk.web.netmonitor.states import is_stale

DAYS = 90
CACHE_HEADERS = {"Cache-Control": "public, max-age=30", "Vary": "Accept, Accept-Language"}
LONG_SECONDS = 3600
"""From so long a failure on, a day is marked as a bad one."""
WORDS: Mapping[str, Sentence] = {
    "offline": sentence("down"),
    "unknown": sentence("not known"),
    "online": sentence("works"),
}
ORDER = list(WORDS)


class Shown(NamedTuple):
    """A host with its word, since when it is down, its days (a path for short failures, one for long ones), and the
    share of that time in which it worked."""

    host: PublicHost
    status: str
    since: datetime | None
    short: str
    long: str
    uptime: float

    @property
    def percent(self) -> str:
        """Return the share as people write it; less than all is never rounded up to it."""
        return f"{floor(self.uptime * 10_000) / 100:g}"


async def status(request: Request) -> Response:
    """Show the page, or tell programs the same. Raises NotFound while it is switched off."""
    settings = services(request).settings
    if not settings.netmonitor_status_page:
        raise NotFound
    now = services(request).clock()
    edges = midnights(now, settings.timezone)

    def work(db: Session) -> list[Shown]:
        hosts = public_hosts.hosts(db, datetime.fromtimestamp(edges[0], UTC))
        return sorted((_shown(it, edges, now) for it in hosts), key=lambda it: ORDER.index(it.status))

    shown = await services(request).database.run(work)
    is_page = "text/html" in accepted(request.headers.get("accept", ""))
    return _cached(request, _page(request, shown, now) if is_page else JSONResponse(_to_dict(shown)))


def _shown(host: PublicHost, edges: Sequence[float], now: datetime) -> Shown:
    is_known = host.status != "unknown" and not is_stale(host, now)
    is_open = bool(host.incidents) and host.incidents[0].ended_at is None
    # In a window of maintenance a host is down without an incident.
    is_down = is_open or host.status == "offline"
    lost = down(host.incidents, edges, now)
    watched = now.timestamp() - max(host.created_at.timestamp(), edges[0])
    return Shown(
        host,
        "unknown" if not is_known else "offline" if is_down else "online",
        host.incidents[0].began_at if is_open else host.since if is_down else None,
        _marks(0 < it < LONG_SECONDS for it in lost),
        _marks(it >= LONG_SECONDS for it in lost),
        max(0.0, 1 - sum(lost) / watched) if watched > 0 else 1.0,
    )


def midnights(now: datetime, zone: ZoneInfo) -> list[float]:
    """Return when each of the last DAYS days began, and when today ends, in seconds since 1970."""
    first = now.astimezone(zone).date() - timedelta(days=DAYS - 1)
    return [datetime.combine(first + timedelta(days=it), time(), zone).timestamp() for it in range(DAYS + 1)]


def down(incidents: Iterable[Incident], edges: Sequence[float], now: datetime) -> list[float]:
    """Return for how many seconds a host was down on each day; `edges` are when days begin and end."""
    lost = [0.0] * (len(edges) - 1)
    for it in incidents:
        began, ended = max(it.began_at.timestamp(), edges[0]), min((it.ended_at or now).timestamp(), edges[-1])
        day = bisect_right(edges, began) - 1
        while began < ended:
            until = min(ended, edges[day + 1])
            lost[day] += until - began
            began, day = until, day + 1
    return lost


def _marks(chosen: Iterable[bool]) -> str:
    """Return a path with a bar for each chosen day."""
    return "".join(f"M{3 * place} 0v10" for place, it in enumerate(chosen) if it)


def _page(request: Request, shown: Sequence[Shown], now: datetime) -> Response:
    language = choose(request.headers.get("accept-language", ""), services(request).settings.default_locale)
    context: dict[str, Any] = {
        "shown": shown,
        "WORDS": WORDS,
        "DAYS": DAYS,
        "shown_in": language,
        "zone": services(request).settings.timezone.key,
    }
    down = sum(it.status == "offline" for it in shown)
    text = services(request).renderer.fragment(language, "netmonitor/status.html", **context, down=down)
    return HTMLResponse(text, headers={"Content-Language": language})


def _to_dict(shown: Sequence[Shown]) -> Json:
    hosts = [{"name": it.host.name, "status": it.status, "down_since": moment(it.since)} for it in shown]
    return {"success": True, "hosts": hosts}


def _cached(request: Request, response: Response) -> Response:
    """Let caches keep an answer, and answer who has it already without its body."""
    tag = f'"{hash_of(bytes(response.body), None)}"'
    headers = {**CACHE_HEADERS, "ETag": f"W/{tag}"}
    if is_known_tag(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response
