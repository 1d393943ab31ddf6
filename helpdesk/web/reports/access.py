"""Guard the pages of reports."""

from helpdesk.people.rights import ADMIN, REPORTS
from helpdesk.web.core.guards import needs_one_of

reporter = needs_one_of(REPORTS, ADMIN)
"""The guard of the routes of reports."""
