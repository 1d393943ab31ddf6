"""Guard the pages of quality control."""

from helpdesk.people.rights import ADMIN, QUALITY
from helpdesk.web.core.guards import needs_one_of

controller = needs_one_of(QUALITY, ADMIN)
"""The guard of the routes of quality control."""
