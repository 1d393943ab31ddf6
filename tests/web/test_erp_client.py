"""The client of the ERP: what it is stands beside it, and its bytes go to people who are signed in, in parts too."""

import os
from hashlib import sha256
from pathlib import Path

import pytest

from tests.web.conftest import HTML, Client, Visit

ADDRESS = "/users/download-erp"
CONTENT = bytes(range(256)) * 40


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "Клиент ERP.exe"
    made.write_bytes(CONTENT)
    return made


@pytest.fixture
def anna_with_erp(visit: Visit, file: Path) -> Client:
    return visit("anna", erp_file_path=file)


def test_the_page_says_what_it_is(anna_with_erp: Client, file: Path) -> None:
    page = anna_with_erp.get("/users/profile", headers=HTML).text
    assert sha256(CONTENT).hexdigest() in page and "10 KB" in page and file.name in page
    told = anna_with_erp.get(f"{ADDRESS}?format=json").json()
    assert (told["filename"], told["size"], told["sha256"]) == (file.name, len(CONTENT), sha256(CONTENT).hexdigest())
    file.write_bytes(b"new")
    os.utime(file, ns=(1, 1))
    assert anna_with_erp.get(f"{ADDRESS}?format=json").json()["sha256"] == sha256(b"new").hexdigest()


def test_it_is_sent_whole_and_in_parts(anna_with_erp: Client) -> None:
    whole = anna_with_erp.get(ADDRESS, headers=HTML)
    assert whole.content == CONTENT and whole.headers["content-disposition"].startswith("attachment; ")
    assert whole.headers["content-type"] == "application/octet-stream"
    part = anna_with_erp.get(ADDRESS, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, CONTENT[100:200])
    assert anna_with_erp.get(ADDRESS, headers={"Range": "bytes=99999-"}).status_code == 416
    assert anna_with_erp.get(ADDRESS, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    assert anna_with_erp.head(ADDRESS).headers["content-length"] == str(len(CONTENT))


def test_a_missing_file_is_said_in_words(anna_with_erp: Client, file: Path) -> None:
    file.unlink()
    assert anna_with_erp.get(ADDRESS, headers=HTML).status_code == 404
    assert "is missing" in anna_with_erp.get("/users/profile", headers=HTML).text
    file.mkdir()
    assert anna_with_erp.get(ADDRESS).json()["error"] == "not_found"


def test_without_the_setting_there_is_none(visit: Visit) -> None:
    assert visit("anna").get(ADDRESS).json()["error"] == "not_configured"
    assert "ERP" not in visit("anna").get("/users/profile", headers=HTML).text
    assert visit("anna").get("/download_erp").headers["location"] == ADDRESS


def test_nobody_else_gets_it(visit: Visit, file: Path) -> None:
    assert visit(erp_file_path=file).get(ADDRESS).status_code == 401
