"""The settings of directories, of what people may do, and of programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from helpdesk.settings import origins, parsing
from helpdesk.settings.field import setting


@dataclass(frozen=True)
class AccessSettings:
    directories: tuple[str, ...] | None = setting(
        "DIRECTORIES",
        "the directories that are asked at sign-in, in this order; absent: all of oracle, ldap, redmine, local that "
        "are set",
        parsing.directories,
        ini="oracle.directories ldap.directories",
    )
    oracle_host: str | None = setting("ORACLE_HOST", "the server of the Oracle ERP", ini="oracle.host")
    oracle_port: int = setting("ORACLE_PORT", "its port", parsing.port, default=1521, ini="oracle.port")
    oracle_service: str | None = setting(
        "ORACLE_SERVICE", "the name of its service", ini="oracle.service_name oracle.service"
    )
    oracle_user: str | None = setting(
        "ORACLE_USER", "a database user who may only read the ERP's views", ini="oracle.user oracle.user_name"
    )
    oracle_password: str | None = setting(
        "ORACLE_PASSWORD", "the password of this user", ini="oracle.password", secret=True
    )
    oracle_login_check: bool = setting(
        "ORACLE_LOGIN_CHECK",
        "whether people sign in by the ERP; off: it only tells their profiles",
        parsing.flag,
        default=True,
        ini="oracle.login_check oracle.oracle_login_check",
    )
    oracle_sql_check: str | None = setting(
        "ORACLE_SQL_CHECK",
        "the statement that returns a row if :login and :password are right; absent: one for erp.v_user",
        ini="oracle.sql_check oracle.oracle_sql_check",
    )
    oracle_sql_profile: str | None = setting(
        "ORACLE_SQL_PROFILE",
        "the statement that returns the profile of :login; absent: one for erp.v_user",
        ini="oracle.sql_profile oracle.oracle_sql_profile",
    )
    oracle_sql_vpn: str | None = setting(
        "ORACLE_SQL_VPN",
        "the statement that returns the VPN flag and end date of :login; absent: one for erp.v_user and erp.t_user",
        ini="oracle.sql_vpn oracle.oracle_sql_vpn",
    )
    erp_grace: timedelta | None = setting(
        "ERP_GRACE",
        "while the ERP is down, people may sign in who signed in by it within this time: 72h; absent: nobody",
        parsing.grace,
        ini="oracle.erp_grace",
    )
    ldap_url: str | None = setting(
        "LDAP_URL",
        "the LDAP server: ldap://host, ldaps://host, with a port if it is not the usual one",
        parsing.ldap_url,
        ini="ldap.url ldap.ldap_url",
    )
    ldap_bind_dn: str | None = setting(
        "LDAP_BIND_DN", "the service account that finds people", ini="ldap.bind_dn ldap.ldap_bind_dn"
    )
    ldap_bind_password: str | None = setting(
        "LDAP_BIND_PASSWORD", "its password", ini="ldap.bind_password ldap.ldap_bind_password", secret=True
    )
    ldap_base_dn: str | None = setting(
        "LDAP_BASE_DN", "the part of the directory that holds people", ini="ldap.base_dn ldap.ldap_base_dn"
    )
    ldap_schema: str = setting(
        "LDAP_SCHEMA",
        "the names of attributes and the usual filter: inetorgperson or active-directory",
        parsing.one_of("inetorgperson", "active-directory"),
        default="inetorgperson",
    )
    ldap_user_filter: str | None = setting(
        "LDAP_USER_FILTER",
        "the filter that finds a person, with {login} for the escaped login; absent: the one of LDAP_SCHEMA",
        parsing.ldap_filter,
        ini="ldap.user_filter ldap.ldap_user_filter",
    )
    ldap_starttls: bool = setting(
        "LDAP_STARTTLS",
        "whether a connection to ldap:// is encrypted; off sends passwords in clear",
        parsing.flag,
        default=True,
        ini="ldap.starttls ldap.ldap_starttls",
    )
    ldap_ca_bundle: Path | None = setting(
        "LDAP_CA_BUNDLE",
        "the authority of the LDAP server's certificate; absent: CA_BUNDLE",
        parsing.ca_bundle,
        ini="ldap.ca_bundle ldap.ldap_ca_bundle",
    )
    ldap_group_rights: Mapping[str, str] | None = setting(
        "LDAP_GROUP_RIGHTS",
        "the rights that groups give: is_admin=cn=admins,ou=groups,dc=example,dc=test; several with semicolons",
        parsing.group_rights,
        ini="ldap.group_rights ldap.ldap_group_rights",
    )
    redmine_act_as: Literal["switch-user", "api-key"] = setting(
        "REDMINE_ACT_AS",
        "how we act as somebody in Redmine: switch-user with our key, or api-key, the person's own, which is kept "
        "encrypted",
        parsing.one_of("switch-user", "api-key"),
        default="switch-user",
    )
    redmine_match: Literal["login", "mail", "off"] = setting(
        "REDMINE_MATCH",
        "the rule that binds accounts of the ERP and of LDAP to users of Redmine at sign-in: the same login, the same "
        "mail, or off",
        parsing.one_of("login", "mail", "off"),
        default="off",
    )
    join_by_email: bool = setting(
        "JOIN_BY_EMAIL",
        "whether accounts of two directories that tell the same e-mail are joined at sign-in",
        parsing.flag,
        default=False,
    )
    second_factor: Literal["off", "administrators"] = setting(
        "SECOND_FACTOR",
        "whose sign-in needs a second factor; off: only that of people who have set one up",
        parsing.one_of("off", "administrators"),
        default="off",
    )
    cors_origins: tuple[str, ...] | None = setting(
        "CORS_ORIGINS",
        "the origins whose pages may call the JSON API with a token, separated by commas",
        origins.origins,
    )
    audit_days: int = setting(
        "AUDIT_DAYS", "for how many days the audit of who did what is kept", parsing.days, default=365
    )
