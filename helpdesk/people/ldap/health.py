"""The check of LDAP."""

from helpdesk.errors import DirectoryUnavailable, sentence
from helpdesk.health import Check, Trouble
from helpdesk.people.ldap.directory import LdapDirectory
from helpdesk.people.ldap.failures import Fault


def check(directory: LdapDirectory) -> Check:
    """Check that our account finds people, and that each group that gives rights is there."""

    async def look() -> None:
        try:
            await directory.examine()
        except Fault as fault:
            raise Trouble(fault.reason, fault.advice) from fault
        except DirectoryUnavailable as error:
            advice = sentence("Check LDAP_URL, and whether its server runs.")
            raise Trouble(sentence("it can't be asked (%(why)s)", why=error.detail), advice) from error

    return Check("ldap", look)
