"""Smaller views of pictures, made anew from their points: whatever else a file holds is not shown to anybody.

What a file is, its bytes say, not its name. Blocking and heavy (128 MB at most): call in a thread, one at a time.
"""

import re
from io import BytesIO
from typing import BinaryIO, NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
BEGIN = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP", re.DOTALL)
MOST_POINTS = 32_000_000
QUALITY = 80

Image.MAX_IMAGE_PIXELS = None  # Pillow's own bound only warns; MOST_POINTS is asked before a point is made


class Picture(NamedTuple):
    content: bytes
    media_type: str


class NoPicture(Exception):
    """The bytes are no picture of FORMATS, a broken one, or one of more than MOST_POINTS."""


def may_be_one(start: bytes) -> bool:
    """Whether a file that begins so can be a picture of FORMATS."""
    return BEGIN.match(start) is not None


def smaller(file: BinaryIO, side: int) -> Picture:
    """The picture, turned as its camera says, no side longer than `side` points. Raises NoPicture."""
    try:
        with Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > MOST_POINTS:
                raise NoPicture
            image.thumbnail((side, side))
            return _encoded(ImageOps.exif_transpose(image))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:  # what Pillow raises
        raise NoPicture from error


def _encoded(image: Image.Image) -> Picture:
    """As WebP, which knows transparency and is small. No metadata goes along: a photo may tell where somebody lives."""
    transparent = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    plain, made = image.convert("RGBA" if transparent else "RGB"), BytesIO()
    plain.info.clear()
    plain.save(made, "WEBP", quality=QUALITY)
    return Picture(made.getvalue(), "image/webp")
