"""Pictures among the files: what they are, and small ones to look at. What comes in may be anything."""

from __future__ import annotations

import warnings
from pathlib import Path

from .files import open_private

THUMB_PIXELS = 240
PIXELS_MAX = 60_000_000
"""Above it a picture is not unpacked: a small file may hold a picture that fills the memory."""
_FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp", "BMP": "image/bmp"}
SHOWN = frozenset(_FORMATS.values())
"""Types that a page may show as they are: none of them can hold a script."""


def _broken() -> tuple[type[Exception], ...]:
    """What a file that is none may raise; one that cannot be told is an `OSError`."""
    from PIL.Image import DecompressionBombError

    return OSError, ValueError, SyntaxError, EOFError, MemoryError, DecompressionBombError


def picture_type(file: Path) -> str | None:
    """The media type of a picture by its content, whatever it is called."""
    from PIL import Image  # loaded when there is a picture: most starts see none

    try:
        with warnings.catch_warnings(), Image.open(file, formats=tuple(_FORMATS)) as picture:
            return _FORMATS.get(picture.format or "")
    except _broken():
        return None


def make_thumbnail(file: Path, target: Path) -> bool:
    """A small picture beside the large one; false where none can be made."""
    from PIL import Image, ImageOps

    part = target.with_name(target.name + ".part")
    try:
        with warnings.catch_warnings(), Image.open(file, formats=tuple(_FORMATS)) as picture:
            warnings.simplefilter("ignore")
            if picture.width * picture.height > PIXELS_MAX:
                return False
            picture.draft("RGB", (THUMB_PIXELS * 2, THUMB_PIXELS * 2))
            small = ImageOps.exif_transpose(picture).convert("RGBA")
            small.thumbnail((THUMB_PIXELS, THUMB_PIXELS))
            with open(part, "wb", opener=open_private) as out:
                small.save(out, "PNG")
        part.replace(target)
    except _broken():
        part.unlink(missing_ok=True)
        return False
    return True
