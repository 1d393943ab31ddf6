"""Say in words what columns of the set-up are called in a change."""

from collections.abc import Mapping

from helpdesk.errors import Sentence, sentence

ATTRIBUTES: Mapping[str, Sentence] = {
    "name": sentence("Name"),
    "identifier": sentence("Identifier"),
    "description": sentence("Description"),
    "parent_id": sentence("Project above"),
    "members_only": sentence("Only for its members"),
    "is_archived": sentence("Archived"),
    "permissions": sentence("It may"),
    "for_everybody": sentence("Everybody has this role in open projects"),
    "kind": sentence("It holds"),
    "position": sentence("Place in the list"),
    "project_id": sentence("Project"),
    "type_id": sentence("Type"),
    "options": sentence("Values of the list"),
    "multiple": sentence("Several values of the list may be chosen"),
    "required": sentence("It must be filled in"),
    "default": sentence("Value of new tasks"),
    "hint": sentence("Hint beside the field"),
    "is_default": sentence("New tasks begin with it"),
    "is_closed": sentence("Tasks with it are closed"),
    "group_name": sentence("Group"),
    "method": sentence("Probed by"),
    "address": sentence("Address"),
    "port": sentence("Port"),
    "query": sentence("Name to ask for"),
    "expected_status": sentence("Expected statuses"),
    "expected_words": sentence("Expected words"),
    "certificate_days": sentence("Days that the certificate must be valid"),
    "interval_seconds": sentence("Seconds between probes"),
    "failures_to_open": sentence("Failures in a row that open an incident"),
    "successes_to_close": sentence("Successes in a row that close it"),
    "is_public": sentence("On the public status page"),
    "is_active": sentence("Watched"),
    "opens_task": sentence("Its incidents open a task"),
}
