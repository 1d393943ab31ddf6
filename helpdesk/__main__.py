"""The command line: `helpdesk --help` lists its commands."""

import argparse
import os
import sys
from collections.abc import Sequence
from getpass import getpass

from helpdesk import (
    __version__,
    account_commands,
    commands,
    leaving_commands,
    password_commands,
    secret_commands,
    user_commands,
)
from helpdesk.errors import StoreUnavailable
from helpdesk.people.rights import GRANTED
from helpdesk.settings.settings import SettingsError

ANY_LOGIN = "LOGIN, or with its directory redmine:LOGIN or local:LOGIN"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Report an administrator's mistake in a sentence on standard error."""
    chosen = parser().parse_args(arguments)
    commands.keep_private()
    try:
        chosen.run(chosen)
    except (SettingsError, commands.Refused) as refused:
        print(refused, file=sys.stderr)
        return 1
    except StoreUnavailable as error:
        print(f"The store does not answer: {str(error).splitlines()[0]}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser("helpdesk", description="A helpdesk over Redmine, or by itself.")
    top.add_argument("--version", action="version", version=__version__)
    verbs = top.add_subparsers(required=True, metavar="COMMAND")

    demo = verbs.add_parser("demo", help="show everything, with made-up people and tasks, on this machine alone")
    demo.add_argument("--data", default="./data/demo", metavar="DIR")
    demo.add_argument("--port", type=int, default=5000)
    demo.add_argument(
        "--no-colleague",
        dest="colleague",
        action="store_false",
        help="without the made-up colleague, who changes a task every 20 seconds or so",
    )
    demo.set_defaults(run=lambda chosen: commands.demo(chosen.data, chosen.port, chosen.colleague))

    serve = verbs.add_parser("serve", help="serve; the schema must be current")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=5000)
    serve.add_argument("--workers", type=int, default=1)
    serve.set_defaults(run=lambda chosen: commands.serve(chosen.host, chosen.port, chosen.workers))

    migrate = verbs.add_parser("migrate", help="bring the schema up to date")
    migrate.set_defaults(run=lambda _: commands.migrate())

    backup = verbs.add_parser("backup", help="one archive of the SQLite store and its files, also while it runs")
    backup.add_argument("archive", metavar="FILE")
    backup.set_defaults(run=lambda chosen: commands.backup(chosen.archive))

    restore = verbs.add_parser("restore", help="put a backup back, into an empty place")
    restore.add_argument("archive", metavar="FILE")
    restore.set_defaults(run=lambda chosen: commands.restore(chosen.archive))

    settings = verbs.add_parser("settings", help="every setting, its value and where it came from; secrets are masked")
    settings.set_defaults(run=lambda _: commands.show_settings())

    doctor = verbs.add_parser(
        "doctor", help="check every outside system that is set, once; what to do where one is broken"
    )
    doctor.set_defaults(run=lambda _: commands.examine())

    grants = verbs.add_parser("grants", help="the SQL that makes the reading user for Redmine's database")
    grants.set_defaults(run=lambda _: commands.show_grants())

    vapid = verbs.add_parser("vapid-keys", help="new keys of Web Push, to be put into the settings")
    vapid.set_defaults(run=lambda _: secret_commands.make_vapid_keys())

    rotate = verbs.add_parser(
        "rotate-secrets", help="encrypt stored secrets with the newest key of SECRET_KEY, after it was changed"
    )
    rotate.set_defaults(run=lambda _: secret_commands.rotate_secrets())

    _user(verbs.add_parser("user", help="local accounts").add_subparsers(required=True, metavar="ACTION"))
    return top


def _user(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    add = actions.add_parser("add", help="a new account; the password is asked for, or read from a pipe")
    add.add_argument("login")
    add.add_argument("--name", default="")
    add.add_argument("--email", default="")
    add.add_argument("--admin", action="store_true")
    add.set_defaults(run=lambda it: user_commands.add_user(it.login, it.name, it.email, it.admin, _password()))
    actions.add_parser("list", help="every account").set_defaults(run=lambda _: user_commands.list_users())
    admin = actions.add_parser(
        "admin", help="make an account an administrator, also one of Redmine that has not signed in yet"
    )
    admin.add_argument("login", help=ANY_LOGIN)
    admin.add_argument("--revoke", action="store_true", help="make it none again")
    admin.set_defaults(run=lambda chosen: user_commands.set_admin(chosen.login, not chosen.revoke))
    for verb, granted in (("grant", True), ("revoke", False)):
        right = actions.add_parser(verb, help=f"{verb} a right of an account, also of one of Redmine")
        right.add_argument("login", help=ANY_LOGIN)
        right.add_argument("right", choices=GRANTED)
        right.set_defaults(run=lambda it, granted=granted: user_commands.set_right(it.login, it.right, granted))
    held = actions.add_parser("rights", help="the rights of an account, and what gives them")
    held.add_argument("login", help=ANY_LOGIN)
    held.set_defaults(run=lambda chosen: user_commands.show_rights(chosen.login))
    factor_off = actions.add_parser("second-factor-off", help="remove a second factor whose device is lost")
    factor_off.add_argument("login", help=ANY_LOGIN)
    factor_off.set_defaults(run=lambda chosen: secret_commands.switch_second_factor_off(chosen.login))
    disable = actions.add_parser("disable", help="shut an account out, at once")
    disable.add_argument("login", help=ANY_LOGIN)
    disable.set_defaults(run=lambda chosen: user_commands.disable_user(chosen.login))
    link = actions.add_parser("password-link", help="print a link that sets a local account's password, once")
    link.add_argument("login")
    link.set_defaults(run=lambda chosen: password_commands.make_link(chosen.login))
    enable = actions.add_parser("enable", help="let an account that is shut out in again")
    enable.add_argument("login", help=ANY_LOGIN)
    enable.set_defaults(run=lambda chosen: user_commands.enable_user(chosen.login))
    _accounts(actions)


def _accounts(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    join = actions.add_parser("join", help="make two accounts of one person one; it can be undone for a week")
    join.add_argument("kept", help=ANY_LOGIN)
    join.add_argument("joined", help=ANY_LOGIN)
    join.add_argument("--yes", action="store_true", help="do it; without it only tell what would be moved")
    join.set_defaults(run=lambda it: account_commands.join(it.kept, it.joined, it.yes))
    unjoin = actions.add_parser("unjoin", help="undo a join")
    unjoin.add_argument("login", help=ANY_LOGIN)
    unjoin.set_defaults(run=lambda it: account_commands.unjoin(it.login))
    bind = actions.add_parser("bind", help="let an account be a user of Redmine")
    bind.add_argument("login", help=ANY_LOGIN)
    bind.add_argument("redmine_username", help="the login in Redmine")
    bind.set_defaults(run=lambda it: account_commands.bind(it.login, it.redmine_username))
    unbind = actions.add_parser("unbind", help="let an account be nobody in Redmine")
    unbind.add_argument("login", help=ANY_LOGIN)
    unbind.set_defaults(run=lambda it: account_commands.unbind(it.login))
    export = actions.add_parser("export", help="write everything that is kept of a person into a new file")
    export.add_argument("login", help=ANY_LOGIN)
    export.add_argument("file")
    export.set_defaults(run=lambda it: leaving_commands.export(it.login, it.file))
    anonymize = actions.add_parser("anonymize", help="make the disabled account of a leaver nobody's, for ever")
    anonymize.add_argument("login", help=ANY_LOGIN)
    anonymize.set_defaults(run=lambda it: leaving_commands.anonymize(it.login, _again()))
    for verb, meaning in (("accept-login", "is the same person"), ("release-login", "is somebody else")):
        decide = actions.add_parser(verb, help=f"who has this login in the directory now {meaning}")
        decide.add_argument("login", help="oracle:LOGIN or ldap:LOGIN")
        decide.set_defaults(run=lambda it, verb=verb: account_commands.hand_on(verb, it.login))


def _password() -> str:
    """Read the password from the terminal or a pipe, never from an argument, which all users of the machine can see."""
    return getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip(os.linesep)


def _again() -> str:
    """Read the login once more, so that nobody hits the wrong account."""
    print("This can't be undone. Type the login again, without the directory: ", end="", flush=True)
    return sys.stdin.readline().strip()


if __name__ == "__main__":
    sys.exit(main())
