"""Name the systems that are checked, for people; programs know them by the keys."""

from helpdesk.errors import Sentence, sentence

SYSTEMS: dict[str, Sentence] = {
    "database": sentence("The store"),
    "redmine": sentence("Redmine"),
    "mysql": sentence("Redmine's database"),
    "quality": sentence("The second Redmine's database"),
    "requests": sentence("Requests in Redmine"),
    "oracle": sentence("The Oracle ERP"),
    "ldap": sentence("LDAP"),
    "finesse": sentence("Cisco Finesse (news by polling)"),
    "redis": sentence("Redis"),
    "feed": sentence("The change feed"),
    "netmonitor": sentence("The network monitor"),
    "webpush": sentence("Web Push"),
    "fcm": sentence("Firebase"),
    "smtp": sentence("Mail"),
    "proxy": sentence("The outbound proxy"),
}
"""In the order in which they are shown."""


def system_name(name: str) -> Sentence:
    """Return the name of a system; an unknown one, which an older version may have stored, is shown as it is."""
    return SYSTEMS.get(name, Sentence(name))
