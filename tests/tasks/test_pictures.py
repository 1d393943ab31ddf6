"""Pictures are what their bytes say, are never more than their points, and never cost more than they may."""

import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from helpdesk.tasks import pictures
from helpdesk.tasks.picture_worker import FORMATS, smaller


def picture(size: tuple[int, int] = (300, 200), kind: str = "PNG", mode: str = "RGB", **options: object) -> bytes:
    made = BytesIO()
    Image.new(mode, size, "red" if mode == "RGB" else 0).save(made, kind, **options)
    return made.getvalue()


def seen(content: bytes, side: int = 192) -> Image.Image:
    made = smaller(content, side)
    assert made[8:12] == b"WEBP" and pictures.may_be_one(made)
    return Image.open(BytesIO(made))


def png(size: tuple[int, int], bits: int, kind: int, lines: bytes, see_through: bytes = b"") -> bytes:
    """A PNG of that many bits, grey (0) or coloured (2), with a colour that is not seen: Pillow writes none."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, bits, kind, 0, 0, 0))
    told = chunk(b"tRNS", see_through) if see_through else b""
    return b"\x89PNG\r\n\x1a\n" + head + told + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_becomes_smaller_and_keeps_its_shape(kind: str) -> None:
    content = picture(kind=kind)
    assert pictures.may_be_one(content)
    assert seen(content).size == (192, 128)
    assert seen(content, 1600).size == (300, 200), "none is made larger"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_points_can_be_shown(mode: str) -> None:
    for size, shown in (((30, 20), (30, 20)), ((1500, 1000), (192, 128))):
        made = BytesIO()
        Image.new(mode, size).save(made, "JPEG" if mode == "CMYK" else "PNG")
        assert seen(made.getvalue()).size == shown


@pytest.mark.parametrize("width", [8, 2000])
@pytest.mark.parametrize("see_through", [None, 2])
@pytest.mark.parametrize("kind", [0, 2], ids=["grey", "coloured"])
@pytest.mark.parametrize("bits", [8, 16])
def test_points_are_as_light_as_they_are(bits: int, kind: int, see_through: int | None, width: int) -> None:
    """Eight steps from black to white; one of them may be the colour that is not seen."""
    steps = [step * (2**bits - 1) // 7 for step in range(8)]
    points, places = 1 + kind, [width * (2 * step + 1) // 16 for step in range(8)]
    line = b"\0" + b"".join(steps[x * 8 // width].to_bytes(bits // 8, "big") * points for x in range(width))
    more = struct.pack(f">{points}H", *[steps[see_through]] * points) if see_through is not None else b""
    made = seen(png((width, 8), bits, kind, line * 8, more), width).convert("RGBA")
    found = [made.getpixel((place, 4)) for place in places]
    for step, (light, *_, alpha) in enumerate(found):
        assert alpha == (0 if step == see_through else 255)
        assert step == see_through or abs(light - step * 255 / 7) < 12


def test_a_photo_is_turned_and_tells_nothing_but_its_points() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "дом на Садовой, 7"
    made = seen(picture(kind="JPEG", exif=exif))
    assert made.size == (128, 192) and not made.getexif()


def bomb(width: int, height: int) -> bytes:
    """A PNG of few bytes that says it is that large."""
    return png((width, height), 8, 2, b"\0" * 100_000)


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
def test_a_file_that_is_no_picture_is_not_shown(content: bytes) -> None:
    assert smaller(content, 192) == b""


@given(some.sampled_from([b"", *(picture(kind=kind)[:40] for kind in FORMATS)]), some.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(start: bytes, rest: bytes) -> None:
    assert smaller(start + rest, 192) == b"" or seen(start + rest)
