"""Make pictures smaller, in a process that may be ended: the file decides how long a decoder takes.

`pictures` runs this file as a script, with nothing else of ours. A question on stdin is a line with the side, 1 for a
square or else 0, and the size in bytes, and the file; the answer on stdout is a line with the size, which is 0 for no
picture, and the picture. The end of stdin ends the process, so it never outlives its parent.
"""

import math
import os
import resource
import signal
import sys
import time
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOST_POINTS = 32_000_000
QUALITY = 80
NICER = 5

Image.MAX_IMAGE_PIXELS = None  # Pillow's own bound only warns; MOST_POINTS is checked before any pixel is decoded


def main(memory: int, seconds: int) -> None:
    """Answer questions until they end, with `memory` bytes in all and `seconds` of CPU for each."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to us, too; our parent ends us
    os.nice(NICER)
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    while question := questions.readline():
        side, is_square, size = map(int, question.split())
        _limit(resource.RLIMIT_CPU, math.ceil(time.process_time()) + seconds)
        made = smaller(questions.read(size), side, bool(is_square))
        answers.write(b"%d\n" % len(made) + made)
        answers.flush()


def _limit(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def smaller(content: bytes, side: int, is_square: bool = False) -> bytes:
    """Return the picture as WebP, turned as its camera says, no side longer than `side` pixels; or the square in its
    middle, with sides that long. Return nothing if it is not one of FORMATS, is broken, or has more than MOST_POINTS.

    Of a picture that moves it is the first frame."""
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MOST_POINTS:
                return b""
            deep = image.format == "PNG" and ";16" in str(image.tile)
            longest = math.ceil(side * max(image.size) / max(1, min(image.size))) if is_square else side
            # Pillow can't use its quick reduction for pixels of 16 bits.
            image.thumbnail((longest, longest), reducing_gap=None if image.mode == "I;16" else 2.0)
            turned = ImageOps.exif_transpose(_in_eight_bits(image) if deep else image)
            return _encoded(turned, (side, side) if is_square else None)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError):  # what Pillow raises
        return b""


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """Convert 16 bits to 8, since Pillow cuts brighter pixels to white, and changes the transparent colour."""
    if image.mode == "I;16":
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    match image.info.get("transparency"):
        case int() as grey:
            image.info["transparency"] = grey >> 8
        case tuple() as colour:
            image.info["transparency"] = tuple(each >> 8 for each in colour)
    return image


def _encoded(image: Image.Image, cut_to: tuple[int, int] | None) -> bytes:
    """Encode as WebP, which has transparency and is small, without metadata: a photo may reveal a home address."""
    transparent = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    plain, made = image.convert("RGBA" if transparent else "RGB"), BytesIO()
    plain = ImageOps.fit(plain, cut_to) if cut_to else plain
    plain.info.clear()
    plain.save(made, "WEBP", quality=QUALITY)
    return made.getvalue()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
