"""Pictures made smaller, in a process of their own that may be ended: how long a decoder takes is up to the file.

`pictures` runs this file as a script, with nothing else of ours. A question on stdin is a line with the side and
the size in bytes, and the file; the answer on stdout is a line with the size, which is 0 for no picture, and the
picture. The end of stdin ends the process, so it never outlives who started it.
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

Image.MAX_IMAGE_PIXELS = None  # Pillow's own bound only warns; MOST_POINTS is asked before a point is made


def main(memory: int, seconds: int) -> None:
    """Answer questions until they end, with `memory` bytes in all and `seconds` of CPU for each."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # typed in a terminal it reaches us, too; who started us ends us
    os.nice(NICER)
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    while question := questions.readline():
        side, size = map(int, question.split())
        _limit(resource.RLIMIT_CPU, math.ceil(time.process_time()) + seconds)
        made = smaller(questions.read(size), side)
        answers.write(b"%d\n" % len(made) + made)
        answers.flush()


def _limit(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def smaller(content: bytes, side: int) -> bytes:
    """The picture as WebP, turned as its camera says, no side longer than `side` points. Nothing if it is not one of
    FORMATS, is broken, or has more than MOST_POINTS."""
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MOST_POINTS:
                return b""
            deep = image.format == "PNG" and ";16" in str(image.tile)
            # Pillow can't go half the way by its quick means with points of 16 bits.
            image.thumbnail((side, side), reducing_gap=None if image.mode == "I;16" else 2.0)
            return _encoded(ImageOps.exif_transpose(_in_eight_bits(image) if deep else image))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError):  # what Pillow raises
        return b""


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """A picture of 16 bits in 8: Pillow cuts brighter points down to white, and its see-through colour to another."""
    if image.mode == "I;16":
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    match image.info.get("transparency"):
        case int() as grey:
            image.info["transparency"] = grey >> 8
        case tuple() as colour:
            image.info["transparency"] = tuple(each >> 8 for each in colour)
    return image


def _encoded(image: Image.Image) -> bytes:
    """As WebP, which knows transparency and is small. No metadata goes along: a photo may tell where somebody lives."""
    transparent = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    plain, made = image.convert("RGBA" if transparent else "RGB"), BytesIO()
    plain.info.clear()
    plain.save(made, "WEBP", quality=QUALITY)
    return made.getvalue()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
