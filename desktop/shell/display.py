"""Can this machine show a window? Asked before anything of Qt is imported: where a library is missing,
Qt aborts the whole process instead of raising."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Shown = Literal["window", "browser", "headless"]

PROBE_S = 20.0
_PROBE = "from PySide6.QtWidgets import QApplication; QApplication([])"

# The library that `ldd` misses, and the Debian package that brings it.
_PACKAGES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libOpenGL.so.0": "libopengl0",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libnss3.so": "libnss3",
    "libasound.so.2": "libasound2",
    "libgbm.so.1": "libgbm1",
    "libXcomposite.so.1": "libxcomposite1",
    "libXdamage.so.1": "libxdamage1",
    "libXrandr.so.2": "libxrandr2",
    "libXtst.so.6": "libxtst6",
    "libxkbfile.so.1": "libxkbfile1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
_CLIENT_LIBRARIES = ("plugins/platforms/libqxcb.so", "lib/libQt6WebEngineCore.so.6")

# Microsoft's fixed ids: the WebView2 runtime, and the first .NET Framework that pywebview can use (4.6.2).
_WEBVIEW2 = r"Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}"
_DOTNET = r"SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full"
_DOTNET_RELEASE_MIN = 394802


@dataclass(frozen=True)
class Answer:
    shown: Shown
    reason: str = ""
    """Why it is not a window, for the person; empty when a window works."""


class Question:
    """Asks in the background while the program loads; `answer()` waits for what is left."""

    def __init__(self) -> None:
        self._probe: subprocess.Popen[bytes] | None = None
        if sys.platform.startswith("linux") and _has_display():
            self._probe = subprocess.Popen(
                [sys.executable, "-c", _PROBE],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def answer(self) -> Answer:
        if sys.platform == "win32":
            return _windows()
        if sys.platform == "darwin":
            return Answer("window")
        if self._probe is None:
            return Answer("headless", "没有图形界面")
        try:
            if self._probe.wait(PROBE_S) == 0:
                return Answer("window")
        except subprocess.TimeoutExpired:
            self._probe.kill()
            self._probe.wait()
            return Answer("browser", "窗口没有响应")
        return Answer("browser", _explain())


def _has_display() -> bool:
    # Qt's own platforms (offscreen, vnc, …) need no display; the tests use one.
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _explain() -> str:
    """Name what is missing and the line that installs it; Qt itself blames one library for any of them."""
    spec = importlib.util.find_spec("PySide6")
    if spec is None or spec.origin is None:
        return "缺少程序包 PySide6，请运行 python3 build/ecms.py run"
    qt = Path(spec.origin).parent / "Qt"
    missing = sorted({name for part in _CLIENT_LIBRARIES for name in _missing(qt / part)})
    if not missing:
        return "窗口打不开，请检查图形界面（DISPLAY 或 WAYLAND_DISPLAY）"
    packages = " ".join(sorted({_PACKAGES.get(name, name) for name in missing}))
    return f"缺少系统库 {'、'.join(missing)}，可运行：sudo apt-get install -y {packages}"


def _missing(library: Path) -> list[str]:
    try:
        said = subprocess.run(["ldd", str(library)], capture_output=True, text=True, check=False, timeout=PROBE_S)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line.split()[0] for line in said.stdout.splitlines() if "not found" in line]


# --- Windows -----------------------------------------------------------------------------------------------


def _windows() -> Answer:
    """Without WebView2, pywebview would quietly show an old Internet Explorer, and our page stay blank."""
    if not _webview2_version():
        return Answer("browser", "未安装 Microsoft Edge WebView2 运行时，改用浏览器显示")
    if not _dotnet_is_new_enough():
        return Answer("browser", "需要 .NET Framework 4.6.2 或更高版本，改用浏览器显示")
    return Answer("window")


def _webview2_version() -> str:
    if sys.platform == "win32":
        import winreg

        places = (
            (winreg.HKEY_LOCAL_MACHINE, rf"SOFTWARE\{_WEBVIEW2}", winreg.KEY_WOW64_32KEY),
            (winreg.HKEY_CURRENT_USER, rf"Software\{_WEBVIEW2}", 0),
        )
        for root, path, view in places:
            version = _registry(root, path, "pv", view)
            if isinstance(version, str) and version not in ("", "0.0.0.0"):
                return version
    return ""


def _dotnet_is_new_enough() -> bool:
    if sys.platform == "win32":
        import winreg

        release = _registry(winreg.HKEY_LOCAL_MACHINE, _DOTNET, "Release", winreg.KEY_WOW64_64KEY)
        return isinstance(release, int) and release >= _DOTNET_RELEASE_MIN
    return False


def _registry(root: int, path: str, name: str, view: int) -> object:
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(root, path, 0, winreg.KEY_READ | view) as key:
                return winreg.QueryValueEx(key, name)[0]
        except OSError:
            return None
    return None
