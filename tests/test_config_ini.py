"""The predecessor's config.ini starts as it is: what is not understood is named, and nothing in it is a traceback."""

from pathlib import Path

import pytest

from helpdesk.settings.channels import NO_SENDER, NO_WEB_PUSH
from helpdesk.settings.later import LATER, PREDECESSOR
from helpdesk.settings.listing import list_settings
from helpdesk.settings.settings import KNOWN, Settings, SettingsError, load

ROOT = Path(__file__).parent.parent
UNCHANGED = """\
[database]
db_path = C:/navigator/blog.db
[redmine]
url = http://redmine.example.test
api_key = abc%%def
anonymous_user_id = 4
[mysql]
host = db.example.test
user_name = reader
password = p#a;s%s
database = redmine
[oracle]
host = erp.example.test
port = 1521
service_name = ORCL
user = helpdesk
password = tiger
[email]
smtp_server = mail.example.test
smtp_port = 25
username = robot
password = sesame
use_tls = True
[push_notifications]
vapid_private_key = papaya
"""


def loaded(folder: Path, ini: str | bytes = "", dotenv: str = "", **environ: str) -> Settings:
    (folder / "config.ini").write_bytes(ini.encode() if isinstance(ini, str) else ini)
    (folder / ".env").write_text(dotenv)
    return load(environ, folder)


def shown(settings: Settings) -> dict[str, tuple[str, str]]:
    return {line.name: (line.value_shown, line.source) for line in list_settings(settings)}


def test_an_unchanged_file_of_the_predecessor_is_understood_wholly(tmp_path: Path) -> None:
    settings = loaded(tmp_path, UNCHANGED)
    assert settings.notices == (NO_SENDER, NO_WEB_PUSH)
    assert (settings.redmine_api_key, settings.mysql_password) == ("abc%def", "p#a;s%s")
    assert shown(settings)["SMTP_PORT"] == ("25", "config.ini")


def test_secrets_of_systems_to_come_are_masked(tmp_path: Path) -> None:
    told = str(shown(loaded(tmp_path, UNCHANGED, METRICS_TOKEN="melon")))
    assert not any(secret in told for secret in ("tiger", "sesame", "papaya", "melon"))


def test_the_rest_of_a_secret_that_was_broken_in_lines_is_not_repeated(tmp_path: Path) -> None:
    key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKB"
    pieces = f"{key}\n{key}==\n"
    settings = loaded(tmp_path, f"[push_notifications]\nvapid_private_key = {pieces}", f"VAPID_PUBLIC_KEY={pieces}")
    assert len(settings.notices) == 3 and key.lower() not in str(settings.notices).lower()


TAILS = ("Geheim42==", "geheim = =", "geheim", "GEHEIM_42=x", "geheim: y", "a geheim # b", "geheim=a # b")


@pytest.mark.parametrize("tail", [*TAILS, *(f"{tail}\n{tail}" for tail in TAILS)])
def test_the_rest_of_a_secret_is_told_by_the_number_of_its_line_alone(tmp_path: Path, tail: str) -> None:
    ini, env = f"[push_notifications]\nvapid_private_key = MIG\n{tail}\n", f"#\nVAPID_PRIVATE_KEY=MIG\n{tail}\n"
    for files in ((ini, ""), ("", env)):
        notices = "\n".join(loaded(tmp_path, *files).notices)
        assert "geheim" not in notices.lower() and "line 3" in notices


def test_the_predecessors_store_is_named_and_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "blog.db"
    theirs.write_bytes(b"somebody's")
    settings = loaded(tmp_path, f"[database]\ndb_path = {theirs}")
    assert settings.database_url == "sqlite:///helpdesk.db"
    assert shown(settings)[PREDECESSOR] == (str(theirs), "config.ini, the predecessor's own file: never touched")
    for ours in (str(theirs), f"sqlite:///{theirs}", f"sqlite+pysqlite:///{theirs}", "blog.db", "./blog.db"):
        with pytest.raises(SettingsError, match=r"DATABASE_URL: is the predecessor's own file"):
            loaded(tmp_path, f"[database]\ndb_path = {theirs}", DATABASE_URL=ours)
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        loaded(tmp_path, "[database]\ndb_path = helpdesk.db")
    assert theirs.read_bytes() == b"somebody's" and len(list(tmp_path.iterdir())) == 3


def test_an_unknown_setting_is_reported_with_a_suggestion(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        "[mysql]\nhots = geheim\n[chat]\nserver = geheim\nflag",
        "REDMINE_APIKEY=geheim\n\nOTHER=geheim\n# ours\n???\nSECRET_KEY_FILE=\n",
        FINESSE_MONITOR_USER="geheim",
        SENDER_EMAIL="geheim",
        PATH="/bin",
        SOMETHING="else",
    )
    assert settings.notices == (
        "the environment: FINESSE_MONITOR_USER is not understood",
        "the environment: SENDER_EMAIL is not understood",
        ".env: REDMINE_APIKEY is not understood; is REDMINE_API_KEY meant?",
        ".env: line 3 is not understood",
        ".env: line 5 is not understood",
        "config.ini: line 5 is not understood",
        "config.ini: line 2 is not understood; is host meant?",
        "config.ini: line 4 is not understood",
    )


@pytest.mark.parametrize(
    ("encoding", "notices"),
    [("utf-8", ()), ("utf-8-sig", ()), ("utf-16", ()), ("cp1251", ("config.ini: is not UTF-8",))],
)
def test_a_file_is_read_in_whatever_encoding_a_russian_windows_saves_it(
    tmp_path: Path, encoding: str, notices: tuple[str, ...]
) -> None:
    settings = loaded(tmp_path, "; наш сервер\r\n[mysql]\r\nport=3307\r\n[ldap]\r\nbind_dn=Иванов\r\n".encode(encoding))
    assert settings.mysql_port == 3307 and settings.ldap_bind_dn == "Иванов"
    assert tuple(notice.split(" and ")[0] for notice in settings.notices) == notices


@pytest.mark.parametrize(
    ("ini", "notice"),
    [
        ("[mysql]\nport = 3307 ; of the replica", "[mysql] port: what follows the # or ; counts as a comment"),
        ("[mysql]\nport = 1\nport = 3307", "line 3: [mysql] port stands there twice; the last one counts"),
        ("[mysql]\nport = 3307\n[mysql]\n", "line 3: [mysql] begins a second time; both are read"),
        ("[mysql]\nport = 3307\n= 5", "line 3 is not understood"),
        ("[mysql]\nport = 3307\njust words", "line 3 is not understood"),
        ("[DEFAULT]\nport = 3307\nwarp = 9\n[mysql]", "line 3 is not understood"),
        ("[mysql]\n  port = 3307\n  # ours\n\n  warp: 9\n", "line 5 is not understood"),
    ],
)
def test_extra_lines_of_an_ini_file_are_reported_and_the_rest_counts(tmp_path: Path, ini: str, notice: str) -> None:
    settings = loaded(tmp_path, ini)
    assert settings.mysql_port == 3307
    assert settings.notices == (f"config.ini: {notice}",)


def test_a_value_on_two_lines_is_reported_beside_the_missing_ones(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        loaded(tmp_path, "[mysql]\nport = 3307\nhost =\n  user = x")
    assert "go together" in str(refused.value)
    notice = "config.ini: [mysql] host goes on in the next line, which begins with a space"
    assert notice in str(refused.value)


def test_a_dotenv_of_a_windows_editor_is_read_and_duplicates_are_reported(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "cp1251"):
        (tmp_path / ".env").write_bytes("BRAND_NAME=Раз\r\nTIMEZONE=UTC\r\nBRAND_NAME=Служба\r\n".encode(encoding))
        settings = load({}, tmp_path)
        assert (settings.brand_name, settings.timezone.key) == ("Служба", "UTC")
        assert settings.notices[-1] == ".env: BRAND_NAME stands there twice; the last one counts"


def test_a_secret_keeps_what_looks_like_a_comment(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "[redmine]\nurl=http://a.example # ours\napi_key=a #b")
    assert (settings.redmine_url, settings.redmine_api_key) == ("http://a.example", "a #b")
    assert len(settings.notices) == 2 and "a #b" not in str(settings.notices)


@pytest.mark.parametrize(
    ("written", "read"),
    [("50%", "50%"), ("50%%", "50%"), ("%(service)s", "erp"), ("%(nobody)s", "%(nobody)s"), ("%d%%", "%d%%")],
)
def test_percent_signs_are_read_as_the_predecessor_read_them_or_as_they_stand(
    tmp_path: Path, written: str, read: str
) -> None:
    assert loaded(tmp_path, f"[oracle]\nservice=erp\npassword={written}").oracle_password == read


@pytest.mark.parametrize(
    "ini", [b"url = x\n[redmine]\n", b"[mysql]\nhost=\x98\xff", b"[mysql]\nhost=a\0b", b"\x00\x01", b"\xff\xfe\x00"]
)
def test_a_file_that_is_no_ini_file_is_refused_in_a_sentence(tmp_path: Path, ini: bytes) -> None:
    with pytest.raises(SettingsError, match=r"HELPDESK_CONFIG: the file config\.ini .*\. Correct the file"):
        loaded(tmp_path, ini)


def test_an_unknown_setting_is_reported_beside_the_one_missing_for_want_of_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        loaded(tmp_path, "[redmine]\nurl = http://redmine.example.test\napikey = geheim\n")
    assert "REDMINE_API_KEY: is missing" in str(refused.value) and "is api_key meant?" in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_a_wrong_later_setting_keeps_nobody_from_starting(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "", METRICS_TOKEN_FILE="missing.txt")
    assert [notice.partition(":")[0] for notice in settings.notices] == ["METRICS_TOKEN_FILE"]


def test_the_documents_name_every_setting_of_systems_to_come() -> None:
    documents = (ROOT / "docs/settings.md").read_text()
    assert [name for name in LATER if f"`{name}`" not in documents] == []


def test_a_setting_is_either_used_or_one_of_a_system_to_come() -> None:
    assert not LATER.keys() & KNOWN.keys()
