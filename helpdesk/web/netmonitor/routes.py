"""List the addresses of the network monitor, each with its guard."""

from starlette.routing import BaseRoute, Route

from helpdesk.web.core.guards import unguarded
from helpdesk.web.netmonitor import api, check, hosts, index, maintenance, show, status
from helpdesk.web.netmonitor.access import administered, monitor, monitor_form

HOST = "/netmonitor/{host_id:int}"
HOSTS = "/netmonitor/hosts"
POST = ["POST"]
FORM = ["GET", "POST"]

# fmt: off
ROUTES: list[BaseRoute] = [
    Route("/netmonitor",       monitor(index.index), name="netmonitor:index"),
    Route("/netmonitor/watch", monitor_form(index.watch), name="netmonitor:watch", methods=POST),
    Route(HOST,                monitor(show.show), name="netmonitor:show"),
    Route(HOST + "/check",     monitor_form(check.check), name="netmonitor:check", methods=POST),
    Route("/netmonitor/incidents/{incident_id:int}/note", monitor_form(show.note),
          name="netmonitor:note", methods=POST),

    # For administrators
    Route(HOSTS,                               administered(hosts.index), name="netmonitor:hosts", methods=FORM),
    Route(HOSTS + "/new",                      administered(hosts.new), name="netmonitor:new"),
    Route(HOSTS + "/{host_id:int}",            administered(hosts.edit), name="netmonitor:edit", methods=FORM),
    Route(HOSTS + "/{host_id:int}/remove",     administered(hosts.remove), name="netmonitor:remove", methods=FORM),
    Route("/netmonitor/maintenance",           administered(maintenance.index),
          name="netmonitor:maintenance", methods=FORM),
    Route("/netmonitor/maintenance/{window_id:int}/end", administered(maintenance.end),
          name="netmonitor:end", methods=POST),

    # For programs, also at the predecessor's addresses
    Route("/netmonitor/status",  monitor(api.status), name="netmonitor:status"),
    Route("/netmonitor/history", monitor(api.history), name="netmonitor:history"),
    Route("/netmonitor/summary", monitor(api.summary), name="netmonitor:summary"),
    Route("/api/status",         monitor(api.status), name="api:netmonitor_status"),
    Route("/api/ping",           monitor(api.ping), name="api:ping"),
    Route("/api/ping-history",   monitor(api.history), name="api:ping_history"),

    # For anybody
    Route("/status", unguarded(status.status), name="netmonitor:public"),
]
# fmt: on
