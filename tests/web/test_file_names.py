"""The names of files in forms, however browsers and programs write them."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.web.core.multipart import file_name_in
from tests.web.conftest import Client

NAME = 'отчёт "за май" 100%.txt'
BY_PERCENTS = quote(NAME, safe="")
BY_LETTERS = BY_PERCENTS.replace("%20", "_").replace("%", "=")
FIRST, SECOND = BY_PERCENTS[:30], BY_PERCENTS[30:60]
WAYS = {
    "a browser's": 'filename="отчёт %22за май%22 100%.txt"',
    "with escaped quotes": r'filename="отчёт \"за май\" 100%.txt"',
    "by RFC 8187": f"filename*=UTF-8'ru'{BY_PERCENTS}",
    "by RFC 8187, beside a plain one": f"filename=\"report.txt\"; filename*=utf-8''{BY_PERCENTS}",
    "by RFC 8187, in windows-1251": f"filename*=windows-1251''{quote(NAME.encode('cp1251'), safe='')}",
    "by RFC 8187, in quotes": f"filename*=\"UTF-8''{BY_PERCENTS}\"",
    "in pieces by RFC 2231": f"filename*0*=UTF-8''{FIRST}; filename*1*={SECOND};filename*2*={BY_PERCENTS[60:]}",
    "an encoded word": 'filename="=?UTF-8?B?0L7RgtGH0ZHRgiAi0LfQsCDQvNCw0LkiIDEwMCUudHh0?="',
    "encoded words that share a letter": (
        'filename="=?utf-8?B?0L7RgtGH0ZHRgiAi0LfQsCDQ?= =?UTF-8?B?vNCw0LkiIDEwMCUudHh0?="'
    ),
    "an encoded word by letters": f'filename="=?utf-8?Q?{BY_LETTERS}?="',
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_name_is_understood_however_it_is_written(way: str) -> None:
    assert file_name_in(f'form-data; name="files"; {way}'.encode()) == NAME


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b'form-data; name="files"', None),
        (b'form-data; name="files"; filename=""', ""),
        (b"form-data; name=files; filename*=UTF-8''%ff", None),
        (b"form-data; name=files; filename=a.txt; filename*=UTF-8''%ff", "a.txt"),
        (b"form-data; name=files; filename=a.txt; filename*=punycode''a-b", "a.txt"),
        (b"form-data; name=files; filename=\"a; filename*=UTF-8''b.txt\"", "a; filename*=UTF-8''b.txt"),
        (b'form-data; name=files; FileName="C:\\Temp\\new.txt"', "C:\\Temp\\new.txt"),
        ('form-data; filename="café.txt"'.encode("latin-1"), "café.txt"),
        (b'form-data; filename="=?nonsense?B?YQ==?="', "a"),
        (b'form-data; filename="1=?2.txt"', "1=?2.txt"),
    ],
)
def test_a_name_that_is_not_encoded_that_way_is_taken_as_it_is(header: bytes, name: str | None) -> None:
    assert file_name_in(header) == name


@given(st.binary(max_size=200))
def test_no_header_is_a_stumbling_block(header: bytes) -> None:
    file_name_in(b"form-data; name=files; filename" + header)


@pytest.mark.parametrize("way", ["by RFC 8187", "in pieces by RFC 2231", "an encoded word"])
def test_a_program_s_file_keeps_its_name_on_its_way_in_and_out(anna: Client, number: int, way: str) -> None:
    part = f'--b\r\nContent-Disposition: form-data; name="files"; {WAYS[way]}\r\n\r\n1\r\n--b--\r\n'.encode()
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    assert anna.post(f"/tasks/{number}/attachments", content=part, headers=kind).is_success
    (file,) = anna.get(f"/tasks/api/task/{number}").json()["attachments"]
    assert file["filename"] == NAME
    header = anna.get(f"/tasks/{number}/files/{file['id']}").headers["content-disposition"]
    assert header.endswith(f"filename*=UTF-8''{quote(file['filename'], safe='')}")
