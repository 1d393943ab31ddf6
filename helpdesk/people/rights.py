"""Define the rights that people hold beside a session. A new right is one line of RIGHTS."""

from typing import NamedTuple

from helpdesk.errors import Sentence, sentence

ADMIN = "is_admin"
REDMINE_USER = "is_redmine_user"
AGENT, SUPERVISOR = "can_access_contact_center_moscow", "can_supervise_calls"
WRITER = "can_write_posts"
QUALITY, REPORTS = "can_access_quality_control", "can_access_redmine_report"


class Right(NamedTuple):
    """A right by the name that JSON has for it. One that is not `granted` is held by all to whom it applies."""

    name: str
    title: Sentence
    granted: bool = True


RIGHTS = {
    right.name: right
    for right in (
        Right(ADMIN, sentence("Administration")),
        Right(REDMINE_USER, sentence("User of Redmine"), granted=False),
        Right(QUALITY, sentence("Quality control")),
        Right(AGENT, sentence("Contact centre Moscow")),
        Right(SUPERVISOR, sentence("Supervision of calls")),
        Right(WRITER, sentence("Writing announcements and knowledge pages")),
        Right(REPORTS, sentence("Reports on Redmine")),
    )
}
"""All rights by their names."""
GRANTED = tuple(name for name, right in RIGHTS.items() if right.granted)
"""The names of the rights that administrators and directories grant."""
