"""Pictures are what their bytes say, are never more than their points, and never cost more than they may."""

import struct
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from helpdesk.tasks import pictures


def picture(size: tuple[int, int] = (300, 200), kind: str = "PNG", mode: str = "RGB", **options: object) -> bytes:
    made = BytesIO()
    Image.new(mode, size, "red" if mode == "RGB" else 0).save(made, kind, **options)
    return made.getvalue()


def seen(content: bytes, side: int = 192) -> Image.Image:
    made = pictures.smaller(BytesIO(content), side)
    assert made.media_type == "image/webp" and pictures.may_be_one(made.content)
    return Image.open(BytesIO(made.content))


@pytest.mark.parametrize("kind", pictures.FORMATS)
def test_a_picture_becomes_smaller_and_keeps_its_shape(kind: str) -> None:
    content = picture(kind=kind)
    assert pictures.may_be_one(content)
    assert seen(content).size == (192, 128)
    assert seen(content, 1600).size == (300, 200), "none is made larger"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_points_can_be_shown(mode: str) -> None:
    made = BytesIO()
    Image.new(mode, (30, 20)).save(made, "JPEG" if mode == "CMYK" else "PNG")
    assert seen(made.getvalue()).size == (30, 20)


def test_a_photo_is_turned_and_tells_nothing_but_its_points() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "дом на Садовой, 7"
    made = seen(picture(kind="JPEG", exif=exif))
    assert made.size == (128, 192) and not made.getexif()


def bomb(width: int, height: int) -> bytes:
    """A PNG of few bytes that says it is that large."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    lines = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><script>alert(1)</script></html>",
        b"\x89PNG\r\n\x1a\n" + b"0" * 100,
        b"\xff\xd8\xff" + b"0" * 100,
        b"GIF89a",
        b"RIFF0000WEBP" + b"0" * 50,
        picture()[:60],
        bomb(100_000, 100_000),
        bomb(8_000, 8_000),
        picture(kind="BMP"),
    ],
    ids=["nothing", "svg", "html", "png?", "jpeg?", "gif?", "webp?", "cut off", "bomb", "smaller bomb", "bmp"],
)
def test_what_is_no_picture_is_not_shown(content: bytes) -> None:
    with pytest.raises(pictures.NoPicture):
        pictures.smaller(BytesIO(content), 192)


@given(some.sampled_from([b"", *(picture(kind=kind)[:40] for kind in pictures.FORMATS)]), some.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(start: bytes, rest: bytes) -> None:
    with suppress(pictures.NoPicture):
        seen(start + rest)
