"""A private slapd: own folder, own loopback ports, gone with the block. `slapd_company` has people for it."""

import shutil
import socket
import subprocess
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.servers.process import SYSTEM_PATH, free_port, run, running

SCHEMAS = Path("/etc/ldap/schema")
MODULES = Path("/usr/lib/ldap")
SUFFIX = "dc=example,dc=test"
ADMIN, ADMIN_PASSWORD = f"cn=admin,{SUFFIX}", "the-administrator-of-slapd"
PEOPLE = f"ou=Сотрудники,{SUFFIX}"
GROUPS = f"ou=Группы,{SUFFIX}"
SERVICE, SERVICE_PASSWORD = f"cn=helpdesk,{SUFFIX}", "service-password-that-must-not-stay"
CONFIGURATION = """
include {schemas}/core.schema
include {schemas}/cosine.schema
include {schemas}/nis.schema
include {schemas}/inetorgperson.schema
include {folder}/directory.schema
modulepath {modules}
moduleload back_mdb
moduleload memberof
moduleload ppolicy
pidfile {folder}/slapd.pid
{encryption}
database mdb
suffix "{suffix}"
rootdn "{admin}"
rootpw {password}
directory {folder}/data
maxsize 16777216
index objectClass,uid eq
overlay memberof
memberof-group-oc groupOfNames
overlay ppolicy
access to attrs=userPassword by anonymous auth by * none
access to * by users read by anonymous auth
referral ldap://127.0.0.1:9
"""
# Attributes of Active Directory under numbers of our own: its names and kinds of values, not its behaviour.
DIRECTORY_SCHEMA = """
attributetype ( 1.3.6.1.4.1.55555.1.1 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.2 NAME 'objectGUID' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.3 NAME 'userAccountControl' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.4 NAME 'department' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.5 NAME 'objectCategory' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.55555.2.1 NAME 'user' SUP inetOrgPerson STRUCTURAL
  MAY ( sAMAccountName $ objectGUID $ userAccountControl $ department $ objectCategory ) )
objectclass ( 1.3.6.1.4.1.55555.2.2 NAME 'computer' SUP user STRUCTURAL )
"""


class Slapd(NamedTuple):
    """A running one: its ports on 127.0.0.1, and its process for tests that take it down."""

    port: int
    tls_port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"ldaps://127.0.0.1:{self.tls_port}"

    def change(self, ldif: str) -> None:
        """Adds entries as the administrator, and changes those for which the LDIF says how."""
        file = self.log.with_name("change.ldif")
        file.write_text(ldif, encoding="utf-8")
        who = ["-x", "-H", self.url, "-D", ADMIN, "-w", ADMIN_PASSWORD]
        run(["ldapmodify", "-a", *who, "-f", file], log=self.log)


def why_not_here() -> str | None:
    """Why no slapd can be started on this machine; None when one can."""
    programs = (shutil.which(each, path=SYSTEM_PATH) for each in ("slapd", "ldapmodify"))
    return None if all(programs) else "slapd or ldap-utils is not installed"


def entry(dn: str, **attributes: str | bytes | Sequence[str]) -> str:
    """An entry as LDIF, of which anything may be Cyrillic."""
    lines = [_line("dn", dn)]
    for name, values in attributes.items():
        for value in [values] if isinstance(values, str | bytes) else values:
            lines.append(_line(name, value))
    return "\n".join([*lines, "", ""])


def change(dn: str, how: str, **attributes: str | bytes | Sequence[str]) -> str:
    """A change of an entry as LDIF: `how` is add, delete or replace, for each of the attributes."""
    lines = [_line("dn", dn), "changetype: modify"]
    for name, values in attributes.items():
        lines += [
            f"{how}: {name}",
            *(_line(name, it) for it in ([values] if isinstance(values, str | bytes) else values)),
        ]
        lines.append("-")
    return "\n".join([*lines, "", ""])


def _line(name: str, value: str | bytes) -> str:
    return f"{name}:: {b64encode(value.encode() if isinstance(value, str) else value).decode()}"


BASE = "".join((
    entry(SUFFIX, objectClass=["dcObject", "organization"], dc="example", o="Example"),
    entry(PEOPLE, objectClass="organizationalUnit", ou="Сотрудники"),
    entry(GROUPS, objectClass="organizationalUnit", ou="Группы"),
    entry(SERVICE, objectClass=["organizationalRole", "simpleSecurityObject"], cn="helpdesk",
          userPassword=SERVICE_PASSWORD),
))  # fmt: skip


@contextmanager
def running_slapd(
    folder: Path, entries: str = "", certificate: tuple[Path, Path] | None = None, more: str = ""
) -> Iterator[Slapd]:
    """A slapd in `folder`, from when it answers to the end of the block, with `entries` (LDIF) beside BASE.

    With a certificate and its key it speaks TLS. Raises ServerError with the tail of its log when it does not start.
    """
    configuration, log, port, tls_port = folder / "slapd.conf", folder / "slapd.log", free_port(), free_port()
    (folder / "data").mkdir(parents=True)
    (folder / "directory.schema").write_text(DIRECTORY_SCHEMA)
    configuration.write_text(_configuration(folder, certificate, more), encoding="utf-8")
    (folder / "base.ldif").write_text(BASE + entries)
    run(["slapd", "-T", "add", "-f", configuration, "-l", folder / "base.ldif"], log=log)
    listening = f"ldap://127.0.0.1:{port}/" + (f" ldaps://127.0.0.1:{tls_port}/" if certificate else "")
    command: list[str | Path] = ["slapd", "-f", configuration, "-h", listening, "-d", "0"]
    with running(command, log=log, answers=lambda: _answers(port)) as process:
        yield Slapd(port, tls_port, process, log)


def _configuration(folder: Path, certificate: tuple[Path, Path] | None, more: str) -> str:
    encryption = "TLSCertificateFile {}\nTLSCertificateKeyFile {}".format(*certificate) if certificate else ""
    return CONFIGURATION.format(
        schemas=SCHEMAS, modules=MODULES, folder=folder, encryption=f"{encryption}\n{more}", suffix=SUFFIX, admin=ADMIN,
        password=ADMIN_PASSWORD,
    )  # fmt: skip


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except OSError:
        return False
