"""The sentences of mails."""

from helpdesk.errors import Sentence, sentence
from helpdesk.notifications.kinds import READERS, Type

OPEN_TASK = sentence("Open the task")
OPEN_MONITOR = sentence("Open the network monitor")
OPEN = {
    "post": sentence("Read the announcement"),
    "promises": sentence("Open the tasks"),
    "quality_new": sentence("Open quality control"),
    **{kind: OPEN_MONITOR for kind, their in READERS.items() if their == "monitor"},
}
"""The words of the link, by the kinds that lead to another page than that of a task."""
OPEN_REPORT = sentence("Open the report")
STOP_REPORT = sentence("Stop sending me this report")
REPORTS = sentence("Saved reports and their mailings")
SETTINGS = sentence("Notification settings")
STOP = sentence("No more e-mails of this kind")
STOP_ALL = sentence("No more notifications by e-mail")
DIGEST = sentence("Your notifications: %(count)s")
NIGHT = sentence("Came in your quiet hours: %(count)s")
MORE = sentence("and %(count)s more")
TASK = sentence("#%(task)s: %(subject)s")

WHY: dict[Type, Sentence] = {
    "mention": sentence("You get this e-mail because you were called by @name."),
    "assigned": sentence("You get this e-mail because the task was given to you or taken from you."),
    "created": sentence("You get this e-mail because you want to know of new tasks."),
    "comment": sentence("You get this e-mail because you take part in the task, and want to know of comments."),
    "status_change": sentence("You get this e-mail because you take part in the task, and want to know its status."),
    "priority_change": sentence(
        "You get this e-mail because you take part in the task, and want to know its priority."
    ),
    "attachment": sentence("You get this e-mail because you take part in the task, and want to know of new files."),
    "promise": sentence(
        "You get this e-mail because you take part in the task, and want to know of promises that run out."
    ),
    "quality": sentence("You get this e-mail because you asked to be notified of new requests in quality control."),
    "post": sentence("You get this e-mail because it concerns you, and you want to know of announcements."),
    "system": sentence("You get this e-mail because you want to know of other changes, too."),
}
"""Why a person gets a mail about one notification."""
WHY_TEST = sentence("You get this e-mail because you had it sent to try your address.")
WHY_DIGEST = sentence("You get this e-mail because you chose a digest in place of single e-mails.")
WHY_NIGHT = sentence("You get this e-mail now because your quiet hours are over.")
WHY_LETTER = sentence("You get this e-mail because an administrator wrote to the people of %(brand)s.")
