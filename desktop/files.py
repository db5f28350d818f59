"""Folders and files of ours on this machine: private from the first byte, and their mishaps in words."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from pathlib import Path

_WORDS = {
    errno.ENOENT: "没有这个文件夹",
    errno.ENOTDIR: "没有这个文件夹",
    errno.EACCES: "没有写入的权限",
    errno.EPERM: "没有写入的权限",
    errno.EROFS: "那里只能读，不能写入",
    errno.EISDIR: "那是一个文件夹",
    errno.ENAMETOOLONG: "文件名太长",
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "磁盘配额已用完",
    errno.EFBIG: "文件太大，那个磁盘放不下",
    errno.ETXTBSY: "文件正被别的程序使用",
    errno.EBUSY: "文件正被别的程序使用",
    errno.EIO: "磁盘读写出错",
    errno.ENODEV: "磁盘已拔出",
    errno.ENXIO: "磁盘已拔出",
}  # fmt: skip


def make_private(folder: Path) -> None:
    """Makes a folder that only this user can look into. One that exists belongs to somebody and stays as it is."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def open_private(path: str | Path, flags: int) -> int:
    """An opener for `open()`: the file is its owner's alone, also when an older one was not."""
    descriptor = os.open(path, flags, 0o600)
    if os.name == "posix" and os.fstat(descriptor).st_mode & 0o077:
        os.fchmod(descriptor, 0o600)
    return descriptor


def sync_folder(folder: Path) -> None:
    """Makes a rename survive a power cut; Windows neither needs nor allows it."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


RESERVE_BYTES = 200 << 20, 2 << 30
"""What files leave free on the disk for rows, a twentieth of it between these: without space nothing can be saved."""


def spare_bytes(folder: Path) -> int:
    """How much more files may take on the disk of a folder."""
    disk = shutil.disk_usage(folder)
    least, most = RESERVE_BYTES
    return disk.free - min(max(disk.total // 20, least), most)


def why(error: OSError) -> str:
    """Why a file could not be written, for people."""
    return _WORDS.get(error.errno or 0, f"磁盘读写出错（{error.strerror or error}）")
