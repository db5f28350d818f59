"""Names of files that people attach: kept as they read, harmless wherever they lead."""

from __future__ import annotations

import re
import unicodedata

from .errors import Invalid

NAME_LENGTH_MAX = 200
_DISK_BYTES_MAX = 200
BLOCKED = frozenset(("exe", "bat", "cmd", "scr", "js", "vbs"))
"""Default of the setting file.blocked."""

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
_NOT_ON_DISK = re.compile(r'[<>:"/\\|?*]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)", re.IGNORECASE)

# Fixed here because Windows takes its table from the registry, where other programs spoil it.
_TYPES = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "zip": "application/zip",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
}


def display_name(given: str) -> str:
    """The bare name without what nobody sees: marks that turn the reading direction make `gpj.exe` look like a
    picture."""
    bare = _UNSEEN.sub("", re.split(r"[\\/]", unicodedata.normalize("NFC", given))[-1]).strip()
    if bare.strip(". ") == "":
        return "未命名"
    return shortened(bare)


def shortened(name: str) -> str:
    """At most so long, with its ending."""
    stem, dot, ending = name.rpartition(".")
    if len(name) <= NAME_LENGTH_MAX or not dot or len(ending) > 10:
        return name[:NAME_LENGTH_MAX]
    return f"{stem[: NAME_LENGTH_MAX - len(ending) - 1]}.{ending}"


def refuse_blocked(name: str) -> None:
    """Raises `Invalid` for programs, also where the ending is hidden: `a.exe.txt`, `a.exe.`, `a.exe :b`."""
    parts = [part.strip().casefold() for part in re.split(r"[.:]", unicodedata.normalize("NFKC", name))]
    found = next((part for part in parts[1:] if part in BLOCKED), None)
    if found is not None:
        raise Invalid({"file": f"为了安全，不能附上 .{found} 文件。确实需要时，请压缩成 zip 再附上"})


def name_on_disk(name: str) -> str:
    """A name that every system takes and that stays in its folder."""
    safe = _NOT_ON_DISK.sub("_", _UNSEEN.sub("", name)).strip(" ").rstrip(". ").lstrip(".")
    safe = _fitting(safe) or "未命名"
    return f"_{safe}" if _DEVICE.fullmatch(safe.partition(".")[0].strip()) else safe


def _fitting(name: str) -> str:
    """At most so many bytes, with its ending: a Chinese character takes three of the 255 that disks allow."""
    stem, dot, ending = name.rpartition(".")
    tail = f".{ending}" if dot and len(ending) <= 10 else ""
    head = (stem if tail else name).encode()[: _DISK_BYTES_MAX - len(tail.encode())].decode(errors="ignore")
    return head.rstrip(". ") + tail


def media_type(name: str) -> str:
    """What a file that is no picture calls itself; only shown, never believed."""
    return _TYPES.get(name.rpartition(".")[2].casefold(), "application/octet-stream")
