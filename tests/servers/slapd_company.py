"""The people and groups of the slapd that tests share: with Cyrillic names and passwords, and with traps."""

from uuid import UUID

from tests.servers.slapd import GROUPS, PEOPLE, SUFFIX, entry

PASSWORDS = {
    "anna": "пароль-Ёжик-😀 с пробелом",
    "boris": " spaces around ",
    "Ёжиков": "demo:with:colons",
    "locked": "right-but-locked",
    "wrong-five-times": "right-and-not-locked-for-good",
}
ANNA = f"cn=Анна Смирнова\\, младшая,{PEOPLE}"
BORIS = f"uid=boris,{PEOPLE}"
UNKNOWN_GUID = UUID("7b95f0d5-a3ed-486c-919c-077b8c9731f2")
COMPUTERS = f"ou=computers,{SUFFIX}"


def person(dn: str, login: str, **more: str | list[str]) -> str:
    """Somebody with a login and, where PASSWORDS has one, a password."""
    password = {"userPassword": PASSWORDS[login]} if login in PASSWORDS else {}
    attributes = {"cn": login, "sn": login, "uid": login, **password, **more}
    return entry(dn, objectClass="inetOrgPerson", **attributes)


def windows_person(login: str, control: int, kind: str = "user") -> str:
    """Somebody with the attributes of Active Directory."""
    return entry(
        f"cn={login},{COMPUTERS if kind == 'computer' else PEOPLE}",
        objectClass=kind,
        cn=login,
        sn=login,
        sAMAccountName=login,
        displayName=f"Сотрудник {login}",
        department="Отдел продаж",
        objectCategory="person",
        objectGUID=UNKNOWN_GUID.bytes_le,
        userAccountControl=str(control),
        userPassword=f"password-of-{login}",
    )


ENTRIES = "".join((
    person(ANNA, "anna", cn="Анна Смирнова, младшая", displayName="Анна  Смирнова", mail="anna@example.test",
           ou="Бухгалтерия", title="Главный бухгалтер", physicalDeliveryOfficeName="Каб. 12", departmentNumber="4711",
           telephoneNumber="+7 495 000-00-00"),
    person(BORIS, "boris", departmentNumber="4712", memberOf=[f"cn=hidden,{GROUPS}"]),
    person(f"cn=Ёжиков,{PEOPLE}", "Ёжиков"),
    person(f"cn=locked,{PEOPLE}", "locked", pwdAccountLockedTime="000001010000Z"),
    person(f"cn=wrong,{PEOPLE}", "wrong-five-times", pwdAccountLockedTime="20200101000000Z"),
    entry(f"cn=nameless,{PEOPLE}", objectClass="inetOrgPerson", cn="nameless", sn="nameless",
          mail="nameless@example.test", userPassword="nameless"),
    person(f"cn=long,{PEOPLE}", "ﷺ" * 20, mail="long@example.test", userPassword="long"),
    person(f"cn=silent,{PEOPLE}", "silent"),
    person(f"cn=one,{PEOPLE}", "twin", userPassword="the same"),
    person(f"cn=other,{PEOPLE}", "twin", userPassword="the same"),
    "".join(person(f"cn=crowd {number},{PEOPLE}", f"crowd{number}", mail="crowd@example.test") for number in range(60)),
    entry(f"ou=elsewhere,{PEOPLE}", objectClass=["referral", "extensibleObject"], ou="elsewhere",
          ref=f"ldap://127.0.0.1:9/ou=elsewhere,{PEOPLE}??sub"),
    entry(COMPUTERS, objectClass="organizationalUnit", ou="computers"),
    windows_person("windows", 512),
    windows_person("disabled", 514),
    windows_person("printer", 4096, "computer"),
    entry(f"cn=posix,{GROUPS}", objectClass="posixGroup", cn="posix", gidNumber="7", memberUid=["boris"]),
    entry(f"cn=unique,{GROUPS}", objectClass="groupOfUniqueNames", cn="unique", uniqueMember=[ANNA]),
))  # fmt: skip

# The overlay writes memberOf only for groups that come to a running server.
NAMED_BY_MEMBERS = entry(f"cn=Главные\\, все,{GROUPS}", objectClass="groupOfNames", cn="Главные, все", member=[ANNA])
