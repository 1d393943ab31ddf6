"""Settings are found in the right place, read rightly, and refused with words that help and give nothing away."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from helpdesk.settings import settings as configuration
from helpdesk.settings.listing import list_settings
from helpdesk.settings.poll_schedule import parse_schedule
from helpdesk.settings.settings import KNOWN, RateLimit, Settings, SettingsError, load, require_secret_key

ROOT = Path(__file__).parent.parent
KEY = "k" * 16 + "SeCrEt-" + "y" * 16
OLD_KEY, COMMA_KEY = "o" * 32, "c" * 20 + "," + "d" * 20


def refused(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        load(environ, folder)
    return {problem.name: f"{problem.reason}. {problem.hint}" for problem in caught.value.problems}


def source(settings: Settings, name: str) -> str:
    return next(each.source for each in list_settings(settings) if each.name == name)


def test_with_nothing_set_the_embedded_tracker_runs_on_a_sqlite_file(tmp_path: Path) -> None:
    settings = load({}, tmp_path)
    assert (settings.secret_key, settings.redmine_url, settings.redmine_api_key) == (None, None, None)
    assert settings.database_url == "sqlite:///helpdesk.db"
    assert settings.redmine_text_format == "textile"
    assert settings.login_rate_limit == RateLimit(count=5, seconds=60)
    assert (settings.public_url, settings.session_cookie_secure) == (None, False)
    assert settings.max_content_length == 16 * 1024 * 1024
    assert (settings.timezone, settings.default_locale) == (ZoneInfo("Europe/Moscow"), "ru")
    assert settings.demo is False
    assert {each.source for each in list_settings(settings)} == {"default"}


def test_the_environment_wins_over_dotenv_and_dotenv_over_config_ini(tmp_path: Path) -> None:
    (tmp_path / "config.ini").write_text("[redmine]\nurl=http://three\napi_key=3%%\n[mysql]\nport=3333")
    (tmp_path / ".env").write_text("REDMINE_URL=http://two\nREDMINE_API_KEY='2${HOME}'\n")
    settings = load({"REDMINE_URL": "http://one/"}, tmp_path)
    assert (settings.redmine_url, source(settings, "REDMINE_URL")) == ("http://one", "environment")
    assert (settings.redmine_api_key, source(settings, "REDMINE_API_KEY")) == ("2${HOME}", ".env")
    assert (settings.mysql_port, source(settings, "MYSQL_PORT")) == (3333, "config.ini")


def test_an_empty_value_counts_as_absent(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TIMEZONE=UTC\nREDMINE_URL=\n")
    settings = load({"TIMEZONE": "  ", "SECRET_KEY": ""}, tmp_path)
    assert settings.timezone == ZoneInfo("UTC")
    assert source(settings, "SECRET_KEY") == "default"


@pytest.mark.parametrize("where", ["environment", ".env"])
def test_helpdesk_config_names_another_ini_file(tmp_path: Path, where: str) -> None:
    (tmp_path / "other.ini").write_text("[mysql]\nport = 3307\n")
    (tmp_path / ".env").write_text("HELPDESK_CONFIG=other.ini" if where == ".env" else "")
    settings = load({"HELPDESK_CONFIG": "other.ini"} if where == "environment" else {}, tmp_path)
    assert settings.mysql_port == 3307
    assert source(settings, "HELPDESK_CONFIG") == where


def test_a_named_ini_file_that_is_missing_or_broken_is_reported(tmp_path: Path) -> None:
    (tmp_path / "broken.ini").write_text("no section = 1")
    assert "HELPDESK_CONFIG" in refused({"HELPDESK_CONFIG": "missing.ini"}, tmp_path)
    assert "HELPDESK_CONFIG" in refused({"HELPDESK_CONFIG": "broken.ini"}, tmp_path)


@pytest.mark.parametrize("where", ["environment", ".env"])
def test_a_secret_may_come_from_a_file(tmp_path: Path, where: str) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    (tmp_path / ".env").write_text("SECRET_KEY_FILE=key" if where == ".env" else "")
    settings = load({"SECRET_KEY_FILE": str(tmp_path / "key")} if where == "environment" else {}, tmp_path)
    assert (settings.secret_key, source(settings, "SECRET_KEY")) == (KEY, "file")


def test_a_secret_given_twice_or_from_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    environ = {"SECRET_KEY": KEY, "SECRET_KEY_FILE": "key", "DATABASE_URL_FILE": "missing"}
    assert set(refused(environ, tmp_path)) == {"SECRET_KEY", "DATABASE_URL_FILE"}


def test_only_secrets_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "zone").write_text("UTC")
    assert load({"TIMEZONE_FILE": "zone"}, tmp_path).timezone == ZoneInfo("Europe/Moscow")


def test_all_problems_are_reported_at_once_and_no_secret_is_repeated(tmp_path: Path) -> None:
    environ = {
        "SECRET_KEY": "tooshort",
        "DATABASE_URL": "oracle://me:hunter2@db/x",
        "REDMINE_API_KEY": "sesame",
        "LOGIN_RATE_LIMIT": "often",
        "PUBLIC_URL": "https://a.example/helpdesk",
        "TIMEZONE": "Europe/Atlantis",
        "HELPDESK_CONFIG": "missing.ini",
    }
    with pytest.raises(SettingsError) as caught:
        load(environ, tmp_path)
    assert {each.name for each in caught.value.problems} == {*environ, "REDMINE_URL"} - {"REDMINE_API_KEY"}
    assert all(each.reason and each.hint for each in caught.value.problems)
    assert not re.search("tooshort|hunter2|sesame", repr(caught.value) + str(caught.value))


WRONG_VALUES = {
    "SECRET_KEY": ["x" * 31, "," * 40, f"{KEY},short", f"short,{KEY}", f"{KEY}, {'x' * 31},"],
    "DATABASE_URL": ["mysql://me:p@ss@db/x", "postgresql://db/x?password=p", "postgresql://me:p@db:port/x", "://",
        "mysql+pymysql://u@h/db?passwd=p", "mysql://u@h/db?ssl_key_password=p", "postgresql://db/x?sslpassword=p",
        "postgresql://db/x?PassWord=p"],
    "REDMINE_URL": ["ftp://a.example", "a.example", "http://", "http://me:pw@a.example", "http://a.example/?x=1",
        "http://a example", "http://a.example:99999"],
    "REDMINE_TEXT_FORMAT": ["word"],
    "REDMINE_CA_BUNDLE": ["missing.pem"],
    "CA_BUNDLE": ["tests", "README.md"],
    "MYSQL_SSL_CA": ["pyproject.toml"],
    "MYSQL_SSL_MODE": ["yes"],
    "OUTBOUND_PROXY": ["proxy:3128", "http://me:p@ss@proxy:3128", "http://proxy:3128/way", "socks5://proxy:1080"],
    "LOG_LEVEL": ["loud"],
    "LOGIN_RATE_LIMIT": ["0/minute", "5/day", "5"],
    "SESSION_IDLE": ["0h", "12", "31d", "9999999d"],
    "ADMINISTRATORS": ["ivanov", "redmine:", "nis:ivanov", "redmine:ivanov;local:petrov", "redmine:ivanov petrov",
        "redmine:ivanov/local:petrov"],
    "LDAP_GROUP_RIGHTS": ["is_admin", "is_admin=admins", "cn=admins,dc=test", "is_redmine_user=cn=all,dc=test",
        "is_admin=cn=a,dc=test;can_do_it=cn=b,dc=test",
        "is_admin=cn=a,dc=test;can_access_redmine_report=cn=a,dc=test"],
    "PUBLIC_URL": ["https://a.example/x", "https://a.example?x", "https://a.example#x", "https://a..example",
        "https://straße.example", "https://a!b.example", "https://*.example", "https://[::1%25eth0]"],
    "CORS_ORIGINS": ["*", "https://*.example", "https://a.example,*", "null", "https://a.example/x", "a.example"],
    "AUDIT_DAYS": ["0", "36501", "1000000", "-1", "1.5", "year"],
    "SESSION_COOKIE_SECURE": ["maybe"],
    "MAX_CONTENT_LENGTH": ["0", "-1", "16 GB"],
    "MYSQL_PORT": ["0", "65536", "mysql"],
    "REDMINE_DB_TIMEZONE": ["Moscow"],
    "POLL_INTERVAL": ["0", "3 s"],
    "POLL_SCHEDULE": ["weekend 30"],
    "REDIS_URL": ["localhost:6379", "http://a.example", "redis://", "redis://a.example:port",
        "redis://:p@ss@a.example", "redis://a.example?password=p", "unix://run"],
    "TIMEZONE": ["../etc/passwd", "Europe"],
    "DEFAULT_LOCALE": ["de"],
    "QUALITY_KINDS": ["praise=5", "complaint", "complaint=0", "complaint=x", "complaint=5,question=5", "complaint=٥",
        ",".join(f"complaint={number}" for number in range(1, 60))],
    "QUALITY_FIELDS": ["object=21,object=22", "hotel=21", "object=-1"],
    "QUALITY_PROJECTS": ["all", "1;2", ",".join(map(str, range(1, 60)))],
    "QUALITY_SUFFIXES": ["IssueHotel", "IssueHotel=", "Issue-Hotel=Отель", "A=1;A=2", "A" * 41 + "=Отель"],
    "QUALITY_REDMINE_URL": ["quality.example"],
    "MYSQL_QUALITY_PORT": ["0"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, it) for name, texts in WRONG_VALUES.items() for it in texts])
def test_a_wrong_value_is_refused(tmp_path: Path, name: str, text: str) -> None:
    environ = {"REDMINE_URL": "http://a.example", "REDMINE_API_KEY": "x", name: text}
    assert list(refused(environ, tmp_path)) == [name]


@pytest.mark.parametrize(
    ("name", "field", "text", "value"),
    [
        ("DATABASE_URL", "database_url", "data/my.db", "sqlite:///data/my.db"),
        ("DATABASE_URL", "database_url", "/data/my.db", "sqlite:////data/my.db"),
        ("DATABASE_URL", "database_url", "postgresql+psycopg://a@b/c", "postgresql+psycopg://a@b/c"),
        ("DATABASE_URL", "database_url", "postgresql://a@b/c?passfile=/p", "postgresql://a@b/c?passfile=/p"),
        ("REDMINE_TEXT_FORMAT", "redmine_text_format", "Markdown", "markdown"),
        ("LOGIN_RATE_LIMIT", "login_rate_limit", "off", None),
        ("LOGIN_RATE_LIMIT", "login_rate_limit", "20/hour", RateLimit(20, 3600)),
        ("LOGIN_RATE_LIMIT", "login_rate_limit", "1 / second", RateLimit(1, 1)),
        ("SESSION_IDLE", "session_idle", "30m", timedelta(minutes=30)),
        ("SESSION_IDLE", "session_idle", "7D", timedelta(days=7)),
        (
            "ADMINISTRATORS",
            "administrators",
            "redmine:ivanov, oracle:petrov",
            (("redmine", "ivanov"), ("oracle", "petrov")),
        ),
        (
            "LDAP_GROUP_RIGHTS",
            "ldap_group_rights",
            "is_admin = cn=admins,dc=test; can_access_redmine_report=cn=leads,dc=test",
            {"cn=admins,dc=test": "is_admin", "cn=leads,dc=test": "can_access_redmine_report"},
        ),
        *(
            ("SECRET_KEY", "secret_keys", text, keys)
            for text, keys in (
                (KEY, (KEY,)),
                (f"{KEY},", (KEY,)),
                (f", {KEY},, {OLD_KEY} ,", (KEY, OLD_KEY)),
                (COMMA_KEY, (COMMA_KEY,)),
            )
        ),
        ("PUBLIC_URL", "public_url", "https://a.example:8443/", "https://a.example:8443"),
        ("PUBLIC_URL", "public_url", "HTTPS://A.Example:443", "https://a.example"),
        ("PUBLIC_URL", "public_url", "http://a.example:80/", "http://a.example"),
        ("PUBLIC_URL", "public_url", "http://a.example:443", "http://a.example:443"),
        ("PUBLIC_URL", "public_url", "https://Заявки.рф", "https://xn--80aengj8j.xn--p1ai"),
        ("PUBLIC_URL", "public_url", "http://[::0:1]:8000", "http://[::1]:8000"),
        ("PUBLIC_URL", "public_url", "http://help_desk:8000", "http://help_desk:8000"),
        (
            "CORS_ORIGINS",
            "cors_origins",
            "https://A.example:443, http://b.example:80,",
            ("https://a.example", "http://b.example"),
        ),
        ("AUDIT_DAYS", "audit_days", "1", 1),
        ("AUDIT_DAYS", "audit_days", "36500", 36_500),
        ("MAX_CONTENT_LENGTH", "max_content_length", "1000", 1000),
        ("MAX_CONTENT_LENGTH", "max_content_length", "2mb", 2 * 1024 * 1024),
        ("DEFAULT_LOCALE", "default_locale", "EN", "en"),
        ("OUTBOUND_PROXY", "outbound_proxy", "http://me:p%40ss@proxy:3128/", "http://me:p%40ss@proxy:3128"),
        ("MYSQL_SSL_MODE", "mysql_ssl_mode", "VERIFY_IDENTITY", "verify_identity"),
        ("LOG_LEVEL", "log_level", "DEBUG", "debug"),
        ("BRAND_NAME", "brand_name", "Навигатор", "Навигатор"),
        ("FILES_FOLDER", "files_folder", "/srv/files", Path("/srv/files")),
        ("MYSQL_PORT", "mysql_port", "3307", 3307),
        ("REDIS_URL", "redis_url", "rediss://me:p%40ss@a.example:6380/1", "rediss://me:p%40ss@a.example:6380/1"),
        ("REDIS_URL", "redis_url", "unix:///run/redis.sock", "unix:///run/redis.sock"),
        (
            "QUALITY_KINDS",
            "quality_kinds",
            "complaint=5, Gratitude = 6,complaint=7",
            {"complaint": (5, 7), "gratitude": (6,)},
        ),
        ("QUALITY_FIELDS", "quality_fields", "object=21,resort=22", {"object": (21,), "resort": (22,)}),
        ("QUALITY_PROJECTS", "quality_projects", "1, 4", (1, 4)),
        (
            "QUALITY_SUFFIXES",
            "quality_suffixes",
            "IssueHotel=Отель, дом; IssueAvia = Рейс;",
            {"IssueHotel": "Отель, дом", "IssueAvia": "Рейс"},
        ),
        ("POLL_INTERVAL", "poll_interval", "15", 15),
        ("POLL_SCHEDULE", "poll_schedule", "sat-sun 30", parse_schedule("sat,sun 00:00-24:00 30")),
    ],
)
def test_a_value_is_read_as_meant(tmp_path: Path, name: str, field: str, text: str, value: object) -> None:
    assert getattr(load({name: text}, tmp_path), field) == value


@pytest.mark.parametrize(
    ("environ", "secure"),
    [
        ({"PUBLIC_URL": "https://a.example"}, True),
        ({"PUBLIC_URL": "http://a.example"}, False),
        ({"PUBLIC_URL": "https://a.example", "SESSION_COOKIE_SECURE": "off"}, False),
        *(({"SESSION_COOKIE_SECURE": text}, True) for text in ("1", "true", "True", "yes", "on")),
        *(({"SESSION_COOKIE_SECURE": text}, False) for text in ("0", "false", "False", "no", "off")),
    ],
)
def test_the_cookie_is_secure_when_said_so_or_when_we_are_on_https(
    tmp_path: Path, environ: dict[str, str], secure: bool
) -> None:
    settings = load(environ, tmp_path)
    assert settings.session_cookie_secure is secure
    assert ("SESSION_COOKIE_SECURE", str(secure)) in {(each.name, each.value_shown) for each in list_settings(settings)}


@pytest.mark.parametrize(("given", "missing"), [("REDMINE_URL", "REDMINE_API_KEY"), ("REDMINE_API_KEY", "REDMINE_URL")])
def test_redmine_needs_address_and_key(tmp_path: Path, given: str, missing: str) -> None:
    assert list(refused({given: "http://a.example"}, tmp_path)) == [missing]


REDMINE = {"REDMINE_URL": "http://a.example", "REDMINE_API_KEY": "x"}
MYSQL = {"MYSQL_HOST": "db.example", "MYSQL_USER": "h@t", "MYSQL_PASSWORD": "hunter2@:/", "MYSQL_DATABASE": "redmine"}


@pytest.mark.parametrize("given", MYSQL)
def test_redmines_database_needs_server_user_and_name_and_redmine_itself(tmp_path: Path, given: str) -> None:
    needed = set(MYSQL) - {"MYSQL_PASSWORD"}
    assert set(refused({given: "x"}, tmp_path)) == (needed | set(REDMINE)) - {given}
    assert set(refused(MYSQL, tmp_path)) == set(REDMINE)
    assert set(refused(REDMINE | {given: "x"}, tmp_path)) == needed - {given}


def test_a_port_alone_asks_for_no_database(tmp_path: Path) -> None:
    assert load({"MYSQL_PORT": "3307"}, tmp_path).mysql_url is None


def test_the_address_of_redmines_database_holds_whatever_is_in_a_password_and_never_shows_it(tmp_path: Path) -> None:
    url = load(REDMINE | MYSQL, tmp_path).mysql_url
    assert url is not None
    assert (url.username, url.password) == ("h@t", "hunter2@:/")
    assert (url.host, url.port, url.database) == ("db.example", 3306, "redmine")
    assert "hunter2" not in f"{url} {url!r}"
    assert load(REDMINE | MYSQL | {"MYSQL_PASSWORD": ""}, tmp_path).mysql_url is not None


@pytest.mark.parametrize("user", ["user", "user_name"])
def test_the_predecessors_file_names_redmines_database(tmp_path: Path, user: str) -> None:
    (tmp_path / "config.ini").write_text(
        "[redmine]\nurl=http://a.example\napi_key=x\nanonymous_user_id=4\n[mysql]\nhost=db.example\n"
        f"{user}=reader\npassword=50%\ndatabase=redmine\n"
    )
    settings = load({}, tmp_path)
    assert (settings.mysql_host, settings.mysql_user, settings.mysql_password) == ("db.example", "reader", "50%")
    assert source(settings, "MYSQL_USER") == "config.ini"


def test_of_two_names_in_config_ini_the_first_with_a_value_counts(tmp_path: Path) -> None:
    (tmp_path / "config.ini").write_text("[mysql]\nuser=\nuser_name=second\nhost=h\ndatabase=d")
    assert load(REDMINE, tmp_path).mysql_user == "second"
    (tmp_path / "config.ini").write_text("[mysql]\nuser=first\nuser_name=second\nhost=h\ndatabase=d")
    assert load(REDMINE, tmp_path).mysql_user == "first"


def test_redmines_times_are_those_of_the_office_unless_said_otherwise(tmp_path: Path) -> None:
    assert load({"TIMEZONE": "Asia/Omsk"}, tmp_path).redmine_db_timezone == ZoneInfo("Asia/Omsk")
    settings = load({"TIMEZONE": "Asia/Omsk", "REDMINE_DB_TIMEZONE": "UTC"}, tmp_path)
    assert settings.redmine_db_timezone == ZoneInfo("UTC")
    assert "UTC" in {each.value_shown for each in list_settings(settings) if each.name == "REDMINE_DB_TIMEZONE"}


def test_serving_needs_a_secret_key(tmp_path: Path) -> None:
    require_secret_key(load({"SECRET_KEY": KEY}, tmp_path))
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        require_secret_key(load({}, tmp_path))


def test_neither_repr_nor_description_shows_a_secret(tmp_path: Path) -> None:
    environ = {
        "SECRET_KEY": KEY,
        "DATABASE_URL": "postgresql+psycopg://me:hunter2%40@db.example/helpdesk",
        "REDMINE_URL": "http://a.example",
        "REDMINE_API_KEY": "sesame",
        "MYSQL_HOST": "db.example",
        "MYSQL_USER": "reader",
        "MYSQL_PASSWORD": "swordfish",
        "MYSQL_DATABASE": "redmine",
        "REDIS_URL": "redis://:melon@a.example:6379",
        "OUTBOUND_PROXY": "http://me:papaya@proxy.example:3128",
    }
    settings = load(environ, tmp_path)
    shown = {each.name: each.value_shown for each in list_settings(settings)}
    assert not re.search(f"{KEY}|hunter2|sesame|swordfish|melon|papaya", repr(settings) + str(shown))
    assert shown["DATABASE_URL"] == "postgresql+psycopg://me:***@db.example/helpdesk"
    assert shown["OUTBOUND_PROXY"] == "http://me:***@proxy.example:3128"
    assert shown["REDIS_URL"] == "redis://:***@a.example:6379"
    assert shown["REDMINE_URL"] == "http://a.example"
    assert shown["LOGIN_RATE_LIMIT"] == "5 in 60 s"
    assert list(shown) == list(KNOWN)


def test_the_demo_takes_over_three_settings_and_nothing_that_leads_outside(tmp_path: Path) -> None:
    (tmp_path / "config.ini").write_text("[redmine]\nurl=http://a.example\napi_key=x\nbroken")
    environ = {
        "DATABASE_URL": "postgresql://db.example/production",
        "REDMINE_URL": "nonsense",
        "SECRET_KEY": "short",
        "SECRET_KEY_FILE": "missing",
        "PUBLIC_URL": "https://a.example",
        "TIMEZONE": "Asia/Omsk",
        "DEFAULT_LOCALE": "en",
        "LOGIN_RATE_LIMIT": "off",
    }
    settings = configuration.demo(environ, tmp_path, tmp_path / "data", KEY)
    assert settings.demo is True
    assert settings.database_url == f"sqlite:///{tmp_path}/data/helpdesk.db"
    assert (settings.secret_key, settings.redmine_url, settings.public_url) == (KEY, None, None)
    assert (settings.timezone.key, settings.default_locale, settings.login_rate_limit) == ("Asia/Omsk", "en", None)


def test_the_process_reads_its_environment_and_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KNOWN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DEFAULT_LOCALE", "en")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("TIMEZONE=UTC")
    settings = configuration.from_process()
    assert (settings.default_locale, settings.timezone.key) == ("en", "UTC")


def test_pictures_of_people_are_not_mixed_with_the_trackers_files(tmp_path: Path) -> None:
    settings = load({"UPLOAD_FOLDER": "pictures", "DATABASE_URL": "data/my.db"}, tmp_path)
    assert settings.files_folder == Path("data/files")


def test_the_authority_of_a_database_is_checked_only_on_request_and_must_be_named_then(tmp_path: Path) -> None:
    assert load({}, tmp_path).mysql_ssl_mode == "preferred"
    assert set(refused(REDMINE | MYSQL | {"MYSQL_SSL_MODE": "verify_ca"}, tmp_path)) == {"MYSQL_SSL_CA"}


def test_the_documents_tell_every_setting_as_it_is() -> None:
    table = [
        tuple(cell.strip().strip("`") for cell in line.strip("|\n").split("|"))
        for line in (ROOT / "docs/settings.md").read_text().splitlines()
        if line.startswith("| `")
    ]
    assert [cells[0] for cells in table] == list(KNOWN)
    for name, place, default, secret, meaning in table:
        known, row = KNOWN[name], KNOWN[name].metadata["row"]
        options: dict[str, list[str]] = {}
        for section, option in row.places:
            options.setdefault(section, []).append(option)
        assert place == ", ".join(f"[{section}] {', '.join(names)}" for section, names in options.items())
        assert secret == ("yes" if row.secret else "")
        assert meaning == known.metadata["meaning"]
        assert (row.parse(default) if default else None) == known.default


def test_the_example_names_every_setting_once_and_changes_nothing_when_copied(tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text()
    (tmp_path / ".env").write_text(example)
    assert sorted(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) == sorted(KNOWN)
    assert replace(load({}, tmp_path), sources={}) == load({}, tmp_path / "elsewhere")


@pytest.mark.parametrize("name", ["oracle", "ldap", "redmine"])
def test_a_directory_in_the_order_that_is_not_set_is_told(tmp_path: Path, name: str) -> None:
    assert set(refused({"DIRECTORIES": f"local, {name.upper()}"}, tmp_path)) == {"DIRECTORIES"}
    assert load({"DIRECTORIES": "local"}, tmp_path).directories == ("local",)


SECOND = {"MYSQL_QUALITY_HOST": "q.example", "MYSQL_QUALITY_USER": "q", "MYSQL_QUALITY_DATABASE": "quality"}


def test_the_second_redmine_is_set_by_itself_and_its_password_is_shown_nowhere(tmp_path: Path) -> None:
    settings = load({**SECOND, "MYSQL_QUALITY_PASSWORD": "swordfish"}, tmp_path)
    assert settings.mysql_quality_url and settings.mysql_quality_url.password == "swordfish"
    assert "swordfish" not in repr(settings) + str(settings.mysql_quality_url)
    assert settings.mysql_quality_ssl_mode == "preferred"
    assert load({}, tmp_path).mysql_quality_url is None
    assert set(refused({"MYSQL_QUALITY_PASSWORD": "swordfish"}, tmp_path)) == set(SECOND)
    assert set(refused({**SECOND, "MYSQL_QUALITY_SSL_MODE": "verify_ca"}, tmp_path)) == {"MYSQL_QUALITY_SSL_CA"}
