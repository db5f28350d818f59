"""What Debian and Ubuntu must have beside Python: what the window, its text and the tests need."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

# Each line lists the names one library goes by; the first one apt knows is installed
# (the t64 names belong to Debian 13 and Ubuntu 24.04).
WINDOW_PACKAGES: tuple[tuple[str, ...], ...] = (
    ("libglib2.0-0t64", "libglib2.0-0"),
    ("libfontconfig1",),
    ("libfreetype6",),
    ("libxkbfile1",),
    ("libegl1",),
    ("libgl1",),
    ("libopengl0",),
    ("libnss3",),
    ("libdbus-1-3",),
    ("libasound2t64", "libasound2"),
    ("libgbm1",),
    ("libxcomposite1",),
    ("libxdamage1",),
    ("libxrandr2",),
    ("libxtst6",),
    ("libxcb-cursor0",),
    ("libxcb-icccm4",),
    ("libxcb-image0",),
    ("libxcb-keysyms1",),
    ("libxcb-render-util0",),
    ("libxcb-shape0",),
    ("libxcb-util1",),
    ("libxcb-xkb1",),
    ("libxkbcommon-x11-0",),
    ("fonts-noto-cjk",),
)
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""The first shows nothing on a display, which the tests do not look at, and takes a third less work."""
BROWSER_PACKAGES = (("chromium-headless-shell", "chromium"),)


def is_debian() -> bool:
    return shutil.which("dpkg-query") is not None and shutil.which("apt-get") is not None


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def missing_packages(wanted: tuple[tuple[str, ...], ...]) -> list[str]:
    """The packages apt should install; nothing on systems without apt."""
    if not is_debian():
        return []
    have = _installed([name for names in wanted for name in names])
    lacking = [names for names in wanted if not have.intersection(names)]
    return [names[0] if len(names) == 1 else _known(names) for names in lacking]


def venv_packages() -> tuple[tuple[str, ...], ...]:
    """Debian keeps `ensurepip`, which a new environment needs, in a package of its own."""
    return () if importlib.util.find_spec("ensurepip") else (("python3-venv",),)


def install(packages: list[str]) -> bool:
    """Install as root; otherwise say the line that would, and go on. True when installed."""
    line = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    if not is_root():
        print(f"缺少系统软件包，可运行：sudo {line}", flush=True)
        return False
    print(f"安装系统软件包：{' '.join(packages)}", flush=True)
    wait = ["-o", "DPkg::Lock::Timeout=300"]
    _apt(["apt-get", *wait, "update", "-q"])
    return _apt(["apt-get", *wait, *line.split()[1:]])


def find_chromium() -> str | None:
    """The browser the tests drive: the one named by ECMS_CHROMIUM, else an installed one."""
    named = os.environ.get("ECMS_CHROMIUM")
    if named:
        return named if Path(named).is_file() else None
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


def _installed(names: list[str]) -> set[str]:
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    return {line.split()[0] for line in done.stdout.splitlines() if line.endswith(" installed")}


def _known(names: tuple[str, ...]) -> str:
    for name in names:
        if subprocess.run(["apt-cache", "show", name], capture_output=True, check=False).returncode == 0:
            return name
    return names[-1]


def _apt(command: list[str]) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        print("\n".join(done.stdout.strip().splitlines()[-8:]), flush=True)
    return done.returncode == 0
