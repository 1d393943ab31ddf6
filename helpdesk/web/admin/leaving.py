"""What administrators do when a person leaves the company."""

from helpdesk.web.admin.sections import section_page
from helpdesk.web.leaving import hand_over as handing_over

hand_over = handing_over.handler(section_page, "admin")
