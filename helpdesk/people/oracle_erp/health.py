"""The check of the Oracle ERP."""

from helpdesk.errors import DirectoryUnavailable, Misconfigured, sentence
from helpdesk.health import Check, Trouble
from helpdesk.people.oracle_erp.directory import OracleDirectory
from helpdesk.people.oracle_erp.failures import AccountRefused, LogonWrong, TooManySessions, in_words

ACCOUNT_ADVICE = sentence(
    "Correct ORACLE_USER and ORACLE_PASSWORD, or let a database administrator unlock the account, and start the "
    "helpdesk again: it does not try a refused account twice."
)
STATEMENT_ADVICE = sentence("Correct that setting, or grant ORACLE_USER the right to read the views that it names.")
LOGON_ADVICE = sentence(
    "Let a database administrator change that setting of the database's sqlnet.ora, or the password's kind."
)
SESSIONS_ADVICE = sentence(
    "Let a database administrator allow more of them: each process of the helpdesk has four at most."
)
SERVER_ADVICE = sentence("Check ORACLE_HOST, ORACLE_PORT and ORACLE_SERVICE, and whether the database runs.")


def check(directory: OracleDirectory) -> Check:
    """Check that the ERP lets us in and executes our statements."""

    async def look() -> None:
        try:
            await directory.examine()
        except AccountRefused as error:
            raise Trouble(in_words(error.detail), ACCOUNT_ADVICE) from error
        except LogonWrong as error:
            raise Trouble(in_words(error.detail), LOGON_ADVICE) from error
        except Misconfigured as error:
            raise Trouble(in_words(error.detail), STATEMENT_ADVICE) from error
        except TooManySessions as error:
            raise Trouble(in_words(error.detail), SESSIONS_ADVICE) from error
        except DirectoryUnavailable as error:
            raise Trouble(in_words(error.detail), SERVER_ADVICE) from error

    return Check("oracle", look)
