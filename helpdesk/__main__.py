"""The command line: `helpdesk --help` lists what it can do."""

import argparse
import os
import sys
from collections.abc import Sequence
from getpass import getpass

from helpdesk import __version__, commands
from helpdesk.settings import SettingsError
from helpdesk.store.database import StoreUnavailable


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. What an administrator got wrong is told on standard error, in a sentence."""
    chosen = parser().parse_args(arguments)
    try:
        chosen.run(chosen)
    except (SettingsError, commands.Refused, StoreUnavailable) as refused:
        print(refused, file=sys.stderr)
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

    settings = verbs.add_parser("settings", help="every setting, its value and where it came from; secrets are masked")
    settings.set_defaults(run=lambda _: commands.show_settings())

    doctor = verbs.add_parser(
        "doctor", help="check every outside system that is set, once; what to do where one is broken"
    )
    doctor.set_defaults(run=lambda _: commands.examine())

    grants = verbs.add_parser("grants", help="the SQL that makes the reading user for Redmine's database")
    grants.set_defaults(run=lambda _: commands.show_grants())

    _user(verbs.add_parser("user", help="local accounts").add_subparsers(required=True, metavar="ACTION"))
    return top


def _user(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    add = actions.add_parser("add", help="a new account; the password is asked for, or read from a pipe")
    add.add_argument("login")
    add.add_argument("--name", default="")
    add.add_argument("--email", default="")
    add.add_argument("--admin", action="store_true")
    add.set_defaults(run=lambda it: commands.add_user(it.login, it.name, it.email, it.admin, _password()))
    actions.add_parser("list", help="every account").set_defaults(run=lambda _: commands.list_users())
    disable = actions.add_parser("disable", help="shut an account out, at once")
    disable.add_argument("login")
    disable.set_defaults(run=lambda chosen: commands.disable_user(chosen.login))


def _password() -> str:
    """Never an argument: those are seen by everybody on the machine."""
    return getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip(os.linesep)


if __name__ == "__main__":
    sys.exit(main())
