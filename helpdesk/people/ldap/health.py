"""The check of LDAP for `helpdesk doctor`."""

from helpdesk.errors import DirectoryUnavailable
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
            raise Trouble(
                f"it can't be asked ({error.detail})", "Check LDAP_URL, and whether its server runs."
            ) from error

    return Check("LDAP", look)
