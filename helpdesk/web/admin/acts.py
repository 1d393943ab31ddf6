"""Say in words what a record of the audit tells: the act, and its details."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.people.rights import RIGHTS
from helpdesk.store import company_texts
from helpdesk.store.audit_log import LogLine
from helpdesk.tasks.change_messages import LABELS as FIELD_LABELS
from helpdesk.web.admin.recorded.attributes import ATTRIBUTES


class Act(NamedTuple):
    """A kind of act: the group by which records are chosen, and its name."""

    group: str
    name: Sentence


GROUPS: Mapping[str, Sentence] = {
    "sign_in": sentence("Signing in and out"),
    "rights": sentence("Rights"),
    "accounts": sentence("Accounts"),
    "access": sentence("Passwords, tokens, second factors"),
    "tasks": sentence("Changes of tasks"),
    "files": sentence("Files and exports"),
    "settings": sentence("Settings of the helpdesk"),
    "tracker": sentence("Set-up of projects and tasks"),
    "posts": sentence("Announcements and knowledge pages"),
}
ACTS: Mapping[str, Act] = {
    "sign_in": Act("sign_in", sentence("signed in")),
    "sign_in_refused": Act("sign_in", sentence("a sign-in was refused")),
    "sign_out": Act("sign_in", sentence("signed out")),
    "phone_sign_in": Act("sign_in", sentence("signed in to the phone")),
    "phone_sign_in_refused": Act("sign_in", sentence("a sign-in to the phone was refused")),
    "session_ended": Act("sign_in", sentence("a session was ended")),
    "sessions_ended": Act("sign_in", sentence("sessions were ended")),
    "grant": Act("rights", sentence("a right was granted")),
    "revoke": Act("rights", sentence("a right was taken back")),
    "account_added": Act("accounts", sentence("an account was made")),
    "enable": Act("accounts", sentence("the account was enabled")),
    "disable": Act("accounts", sentence("the account was disabled")),
    "anonymize": Act("accounts", sentence("the account was anonymised")),
    "away": Act("accounts", sentence("marked as away")),
    "back": Act("accounts", sentence("marked as back")),
    "join": Act("accounts", sentence("accounts were joined")),
    "unjoin": Act("accounts", sentence("a join of accounts was undone")),
    "bind": Act("accounts", sentence("bound to a user of Redmine")),
    "unbind": Act("accounts", sentence("the binding to Redmine was taken away")),
    "accept-login": Act("accounts", sentence("the login stays with its account")),
    "release-login": Act("accounts", sentence("the login was released")),
    "profile_changed": Act("accounts", sentence("the profile was changed")),
    "erp_read": Act("accounts", sentence("an administrator looked somebody up in the ERP")),
    "email_changed": Act("accounts", sentence("the e-mail was changed")),
    "phone_changed": Act("accounts", sentence("the number was changed")),
    "department_changed": Act("accounts", sentence("the department was changed")),
    "email_proven": Act("accounts", sentence("the e-mail was confirmed")),
    "email_doubted": Act("accounts", sentence("the e-mail is confirmed no longer")),
    "password_link": Act("access", sentence("a link for a new password was made")),
    "password_set": Act("access", sentence("a password was set by a link")),
    "password_changed": Act("access", sentence("the password was changed")),
    "token_made": Act("access", sentence("a token was made")),
    "token_revoked": Act("access", sentence("a token was revoked")),
    "tokens_revoked": Act("access", sentence("all tokens were revoked")),
    "second factor set up": Act("access", sentence("a second factor was set up")),
    "recovery codes replaced": Act("access", sentence("recovery codes were replaced")),
    "second factor removed": Act("access", sentence("the second factor was switched off")),
    "task_created": Act("tasks", sentence("a task was made")),
    "task_changed": Act("tasks", sentence("a task was changed")),
    "request_solved": Act("tasks", sentence("a requester said thank you")),
    "hand_over": Act("tasks", sentence("open tasks were handed over")),
    "task_deleted": Act("tasks", sentence("a task was deleted")),
    "comment_changed": Act("tasks", sentence("a comment was changed")),
    "comment_deleted": Act("tasks", sentence("a comment was deleted")),
    "call_linked": Act("tasks", sentence("a call was linked to a task")),
    "call_unlinked": Act("tasks", sentence("a call was linked to no task")),
    "call_caller": Act("tasks", sentence("somebody said who called")),
    "call_note": Act("tasks", sentence("the note of somebody else's call was changed")),
    "task_watched": Act("tasks", sentence("a task is watched")),
    "task_unwatched": Act("tasks", sentence("a task is watched no longer")),
    "file_taken": Act("files", sentence("an administrator took a file")),
    "export_person": Act("files", sentence("everything that is kept of a person was taken")),
    "export": Act("files", sentence("a list was exported")),
    "report_exported": Act("files", sentence("a report was exported")),
    "calls_exported": Act("files", sentence("the log of calls was exported")),
    "audit_exported": Act("files", sentence("the audit was exported")),
    "read_erp_user": Act("files", sentence("an administrator looked somebody up in the ERP")),
    "edit_profile": Act("accounts", sentence("the profile was changed")),
    "tracker_add": Act("tracker", sentence("added to the set-up")),
    "tracker_change": Act("tracker", sentence("changed in the set-up")),
    "tracker_remove": Act("tracker", sentence("removed from the set-up")),
    "tracker_set_up": Act("tracker", sentence("projects and tasks were set up for the first time")),
    "tracker_archive": Act("tracker", sentence("a project was archived")),
    "tracker_restore": Act("tracker", sentence("a project was restored")),
    "tracker_members": Act("tracker", sentence("members of a project were changed")),
    "tracker_workflow": Act("tracker", sentence("the workflow of a role was changed")),
    "category_added": Act("settings", sentence("a category of requests was added")),
    "category_changed": Act("settings", sentence("a category of requests was changed")),
    "category_removed": Act("settings", sentence("a category of requests was removed")),
    "category_moved": Act("settings", sentence("a category of requests was moved")),
    "promise_added": Act("settings", sentence("a promise of time was added")),
    "promise_changed": Act("settings", sentence("a promise of time was changed")),
    "promise_removed": Act("settings", sentence("a promise of time was removed")),
    "calendar_added": Act("settings", sentence("a business calendar was added")),
    "calendar_changed": Act("settings", sentence("a business calendar was changed")),
    "calendar_removed": Act("settings", sentence("a business calendar was removed")),
    "text_changed": Act("settings", sentence("a text for everybody was changed")),
    "post_added": Act("posts", sentence("an announcement or a page was written")),
    "post_changed": Act("posts", sentence("an announcement or a page was changed")),
    "post_removed": Act("posts", sentence("an announcement or a page was deleted")),
    "page_moved": Act("posts", sentence("a knowledge page was moved")),
    "page_reviewed": Act("posts", sentence("a knowledge page was found true")),
    "metrics_reset": Act("settings", sentence("the numbers of requests were reset")),
    "channel_stopped": Act("settings", sentence("a channel was stopped")),
    "channel_resumed": Act("settings", sentence("a channel was resumed")),
    "address_cleared": Act("settings", sentence("mail is sent to a refused address again")),
    "letter_sent": Act("tasks", sentence("an e-mail was sent from a task")),
    "letter_to_many": Act("settings", sentence("a letter was sent to many people")),
    "host_added": Act("settings", sentence("a host is watched")),
    "host_changed": Act("settings", sentence("a watched host was changed")),
    "host_removed": Act("settings", sentence("a host is watched no longer")),
    "maintenance_added": Act("settings", sentence("a window of maintenance was set")),
    "maintenance_ended": Act("settings", sentence("a window of maintenance was ended")),
    "form_added": Act("settings", sentence("a form of assessments was added")),
    "form_changed": Act("settings", sentence("a form of assessments was changed")),
    "assessed": Act("tasks", sentence("a task was assessed")),
    "assessment_changed": Act("tasks", sentence("an assessment was changed")),
    "assessment_withdrawn": Act("tasks", sentence("an assessment was withdrawn")),
    "assessments_exported": Act("files", sentence("assessments were exported")),
    "quality_choices_changed": Act("settings", sentence("it was changed what counts in quality control")),
    "columns_changed": Act("settings", sentence("the columns of the board were changed")),
}
"""The acts that are recorded, by their names in the store."""

LABELS: Mapping[str, Sentence] = {
    "channel": sentence("Channel"),
    "group": sentence("To whom"),
    "right": sentence("Right"),
    "source": sentence("Directory"),
    "directory": sentence("Directory"),
    "login": sentence("Login"),
    "email": sentence("E-mail"),
    "department": sentence("Department"),
    "sender": sentence("Answers to"),
    "joined": sentence("Account"),
    "redmine": sentence("User of Redmine"),
    "name": sentence("Name"),
    "scope": sentence("It may"),
    "file": sentence("File"),
    "what": sentence("Changed"),
    "count": sentence("How many"),
    "grade": sentence("Grade"),
    "score": sentence("Score"),
    "executor": sentence("Assignee"),
    "criteria": sentence("Criteria"),
    "taker": sentence("To whom"),
    "until": sentence("Until"),
    "since": sentence("Since"),
    "why": sentence("What for"),
    "address": sentence("Address"),
    "error": sentence("Reason"),
    "changes": sentence("Changes"),
    "roles": sentence("Roles before and now"),
    "added": sentence("Added"),
    "removed": sentence("Removed"),
    "deputy": sentence("Deputy"),
    "accounts": sentence("Accounts"),
    "statuses": sentence("Statuses by their numbers"),
    "to": sentence("Place in the list"),
    "call": sentence("Call"),
    "for": sentence("For whom"),
    "days": sentence("Days"),
    "answer_minutes": sentence("Minutes until the first answer"),
    "solution_minutes": sentence("Minutes until the solution"),
    "timezone": sentence("Time zone"),
    "hours": sentence("Hours"),
    "narrowed": sentence("Looked for by"),
    "left_out": sentence("Too long for this record"),
}
CHANGE = re.compile(r"(\w{1,40}): (.*) → (.*)", re.ASCII | re.DOTALL)
NOW = sentence("now")
YES_NO = {"False": sentence("no"), "True": sentence("yes"), "None": sentence("none"), "": sentence("none")}
WORDS: Mapping[str, Mapping[str, Sentence]] = {
    "channel": {"email": sentence("E-mail"), "fcm": sentence("Firebase"), "webpush": sentence("Web Push")},
    "right": {name: right.title for name, right in RIGHTS.items()},
    "for": {"everybody": sentence("Everybody"), **{name: right.title for name, right in RIGHTS.items()}},
    "scope": {"read": sentence("read only"), "write": sentence("read and write")},
    "error": {
        "wrong_credentials": sentence("wrong login, password or code"),
        "too_many_attempts": sentence("too many attempts"),
    },
    "name": {company_texts.SIGNATURE: sentence("the e-mail signature")},
    "narrowed": {
        "number": sentence("Number"),
        "agent": sentence("Agent"),
        "outcome": sentence("Outcome"),
        "queue": sentence("Queue"),
    },
    "what": {
        **FIELD_LABELS,
        "comment": sentence("Comment"),
        "files": sentence("Files"),
        "custom": sentence("Further fields"),
        "full_name": sentence("Full name"),
        "email": sentence("E-mail"),
        "department": sentence("Department"),
        "position": sentence("Position"),
        "office": sentence("Room"),
        "phone": sentence("Phone"),
        "picture": sentence("Picture"),
        "requester": sentence("Who asked"),
        "hides_presence": sentence("Hidden presence"),
        "vpn_end_date": sentence("VPN access"),
    },
}
"""What values of details are called."""
THINGS: Mapping[str, Sentence] = {
    "project": sentence("Project"),
    "role": sentence("Role"),
    "field": sentence("Field"),
    "status": sentence("Status"),
    "priority": sentence("Priority"),
    "type": sentence("Type"),
}
"""What the settings of the tracker are about."""
FLAGS: Mapping[str, Sentence] = {
    "unsure": sentence("what became of it is not known"),
    "everywhere": sentence("on all devices"),
    "is_active": sentence("offered to people"),
}
"""What is said of flags that are set. Others say nothing."""


def name_of(line: LogLine) -> Sentence | str:
    """Return the act in words; the name in the store of one that is not known here."""
    act = ACTS.get(line.action)
    return act.name if act else line.action


def details_of(line: LogLine) -> Iterator[tuple[Sentence | None, list[Sentence | str]]]:
    """Yield the details that say something, each with its label if it needs one."""
    for name, value in line.details.items():
        if isinstance(value, bool):
            if value and name in FLAGS:
                yield None, [FLAGS[name]]
        elif name == "changes" and isinstance(value, list):
            for text in value:
                yield from _change(str(text))
        elif name == "what" and str(value) in THINGS:
            yield None, [THINGS[str(value)]]
        elif value not in (None, "") and name in LABELS:
            values = value if isinstance(value, list) else [value]
            yield LABELS[name], [_word(name, each) for each in values]


def _change(text: str) -> Iterator[tuple[Sentence | None, list[Sentence | str]]]:
    """Yield the values before and after a change such as `is_closed: False → True`, each with a label."""
    found = CHANGE.fullmatch(text)
    if found is None or found[1] not in ATTRIBUTES:
        yield LABELS["changes"], [text]
        return
    before, after = (YES_NO.get(it, it) for it in found.groups()[1:])
    yield ATTRIBUTES[found[1]], [before]
    yield NOW, [after]


def _word(name: str, value: Any) -> Sentence | str:
    return WORDS.get(name, {}).get(str(value), str(value))
