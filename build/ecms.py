#!/usr/bin/env python3
"""One command for everything: set up this checkout and run, develop, test or measure ECMS.

    python3 build/ecms.py run     set up what is missing, then start the program (options are passed on)
    python3 build/ecms.py server  set up what is missing, then run the sync server (commands and options are passed on)
    python3 build/ecms.py setup   only set up, with the tools for development
    python3 build/ecms.py dev     the same with hot reload of the UI and the server
    python3 build/ecms.py test    set up, then every check; pytest comes last (options are passed to it)
    python3 build/ecms.py soak    the tests that run for minutes
    python3 build/ecms.py bench   measurements (tests/bench): names of some, then their options
    python3 build/ecms.py lock    write the lock files anew

Only the standard library is used here: this runs before anything is installed.
"""

import os
import signal
import sys

if sys.version_info < (3, 11):  # noqa: UP036  (this file must stay readable for the old Python that says so)
    sys.exit("需要 Python 3.11 或更高版本，请安装后用它重新运行。 (Python 3.11 or newer is needed.)")

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import environment
import machine
import ui

ROOT = environment.ROOT
PYTHON = str(environment.PYTHON)
MEMORY_FOR_TESTS = 8 << 30
"""Bytes: what all files of a test run may take, and as much again for its processes."""


def main() -> int:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a console that lacks Chinese still goes on
    commands: dict[str, Callable[[list[str]], int]] = {
        "run": run,
        "server": server,
        "setup": setup,
        "dev": dev,
        "test": test,
        "soak": soak,
        "bench": bench,
        "lock": lock,
    }
    words = sys.argv[1:] or ["run"]
    if words[0] not in commands:
        print(__doc__, file=sys.stderr)
        return 0 if words[0] in ("-h", "--help") else 2
    os.chdir(ROOT)
    try:
        return commands[words[0]](words[1:])
    except (environment.SetupError, ui.UiError) as problem:
        print(f"没有完成：{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


# --- set up ------------------------------------------------------------------------------------------------


def set_up(*, dev: bool, window: bool = True) -> None:
    with environment.setup_lock():
        _system_packages(window=window)
        environment.prepare(dev=dev)
        _build_ui()


def _build_ui() -> None:
    if not ui.has_ui():
        print("界面源码还没有（web_ui/package.json 不存在），跳过界面构建", flush=True)
        return
    if ui.is_built():
        return
    started = time.monotonic()
    os.environ.update(environment.certificates())
    ui.build(environment.node_home())
    print(f"界面已构建（{time.monotonic() - started:.1f} 秒）", flush=True)


def setup(words: list[str]) -> int:
    set_up(dev=True)
    return 0


def _system_packages(*, window: bool) -> None:
    if not sys.platform.startswith("linux"):
        return
    for_python = machine.venv_packages()
    missing = machine.missing_packages((*for_python, *(machine.WINDOW_PACKAGES if window else ())))
    if not missing:
        return
    installed = machine.install(missing)
    if installed and for_python and "ECMS_AGAIN" not in os.environ:
        # apt may have replaced the very Python that runs this.
        os.environ["ECMS_AGAIN"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])


# --- run and develop ---------------------------------------------------------------------------------------


def run(words: list[str]) -> int:
    set_up(dev=False, window="--headless" not in words)
    return _become([PYTHON, "-m", "desktop", "run", *words])


def server(words: list[str]) -> int:
    set_up(dev=False, window=False)
    is_command = bool(words) and not words[0].startswith("-")
    return _become([PYTHON, "-m", "sync_server", *(words if is_command else ["serve", *words])])


def dev(words: list[str]) -> int:
    """Flask and Vite side by side. Changed Python restarts both; Vite itself swaps changed UI code."""
    set_up(dev=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended either way, both children end too
    data = words if "--data" in words else ["--data", str(ROOT / ".dev-data"), *words]
    while True:
        state = _sources_state()
        server, address = _serve(data)
        vite = _vite(address) if address else None
        try:
            while _sources_state() == state and (vite is None or vite.poll() is None):
                time.sleep(0.7)
            if vite is not None and vite.poll() is not None:
                return vite.returncode
        finally:
            _stop(vite, server)
        print("源码已变，重新启动 …", flush=True)


def _serve(words: list[str]) -> tuple[subprocess.Popen[str], str]:
    server = subprocess.Popen(
        [PYTHON, "-m", "desktop", "serve", *words], stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert server.stdout is not None
    said = server.stdout.readline().split()
    if said[:1] != ["ready"]:
        print("服务没有启动，改好后保存即可重试", file=sys.stderr, flush=True)
        return server, ""
    return server, said[1]


def _vite(address: str) -> subprocess.Popen[bytes]:
    home = environment.node_home()
    node, _ = ui.node_command(home)
    # The plugin in vite.config.ts exchanges the launch URL for the session, as a browser would.
    variables = {**ui.node_environment(home), "ECMS_LAUNCH_URL": address}
    script = ui.SOURCES / "node_modules" / "vite" / "bin" / "vite.js"
    return subprocess.Popen([str(node), str(script), "--host", "127.0.0.1"], cwd=ui.SOURCES, env=variables)


def _sources_state() -> frozenset[tuple[str, int]]:
    files = (file for folder in ("desktop", "sync_server") for file in (ROOT / folder).rglob("*.py"))
    state = set()
    for file in files:
        with suppress(OSError):  # an editor may just be replacing it
            state.add((str(file), file.stat().st_mtime_ns))
    return frozenset(state)


def _stop(*processes: "subprocess.Popen[str] | subprocess.Popen[bytes] | None") -> None:
    for process in processes:
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _become(command: list[str]) -> int:
    if os.name == "nt":  # there, exec returns to the console before the program ends
        with suppress(KeyboardInterrupt):
            return subprocess.call(command)
        return 130
    return os.execv(command[0], command)


# --- test --------------------------------------------------------------------------------------------------


def test(words: list[str]) -> int:
    started = time.monotonic()
    # The tests start hundreds of processes: none shall compile again what another one has.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with environment.setup_lock():
        _system_packages(window=True)
        environment.prepare(dev=True)
    browser = _need_chromium()
    print(f"── 准备  {time.monotonic() - started:.1f} 秒", flush=True)
    failed = _failed_checks()
    if failed:
        print(f"未通过：{'、'.join(failed)}", flush=True)
    print("── pytest", flush=True)
    variables = {**os.environ, "ECMS_CHROMIUM": browser, "ECMS_FAILED_CHECKS": "、".join(failed)}
    # Each process takes its part of the list in its order, so that what one file sets up is mostly set up once; three
    # more than cores, as much of the time is waiting.
    spread = ["-n", str((os.cpu_count() or 1) + 3), "--dist", "worksteal"]
    with _files_in_memory() as where:
        code = subprocess.call([PYTHON, "-m", "pytest", *spread, *words], env=variables | where)
    return code or int(bool(failed))


def _failed_checks() -> list[str]:
    """Two at a time, as none of them keeps two cores busy."""
    with ThreadPoolExecutor(2) as side_by_side:
        built = side_by_side.submit(_is_ui_built)  # takes the longest, and those of the UI need what it installs
        checks = [(check[0], side_by_side.submit(_section, *check)) for check in _python_checks()]
        built.result()
        checks += [(check[0], side_by_side.submit(_section, *check)) for check in _ui_checks()]
        side_by_side.submit(_compile_tests)
        return [name for name, passed in [("vite build", built), *checks] if not passed.result()]


def _is_ui_built() -> bool:
    try:
        with environment.setup_lock():
            _build_ui()
    except ui.UiError as problem:  # the other checks still have something to say
        print(problem, flush=True)
        return False
    return True


def _compile_tests() -> None:
    """Once, for the processes of pytest, which would each do it for themselves, all at the same time."""
    subprocess.call([PYTHON, "-m", "pytest", "--collect-only", "--quiet"], cwd=ROOT, stdout=subprocess.DEVNULL)


@contextmanager
def _files_in_memory() -> Iterator[dict[str, str]]:
    """What lets pytest keep its files in memory, on a machine with plenty: each save of each test waits for the disk
    otherwise. What the tests kill are processes, never the machine, so they prove the same there."""
    memory = Path("/dev/shm")
    if "PYTEST_DEBUG_TEMPROOT" in os.environ or _free(memory) < MEMORY_FOR_TESTS:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="ecms-test-", dir=memory) as folder:
        yield {"PYTEST_DEBUG_TEMPROOT": folder}


def _free(memory: Path) -> int:
    """Bytes that a folder in memory may still take."""
    with suppress(OSError, KeyError, ValueError):
        known = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
        return min(shutil.disk_usage(memory).free, int(known["MemAvailable"].split()[0]) * 1024)
    return 0


Check = tuple[str, list[str], Path]
"""Its name, its command, and where that is to run."""


def _python_checks() -> list[Check]:
    # What mypy would remember for its next run takes half as long again: only where there is such a next run.
    forgets = [] if (ROOT / ".mypy_cache").is_dir() else [f"--cache-dir={os.devnull}"]
    return [
        ("ruff check", [PYTHON, "-m", "ruff", "check", "--quiet", "."], ROOT),
        ("ruff format", [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."], ROOT),
        ("mypy", [PYTHON, "-m", "mypy", *forgets], ROOT),
    ]


def _ui_checks() -> list[Check]:
    if not ui.has_ui():
        return []
    node, script = map(str, ui.node_command(environment.node_home()))
    return [
        ("vue-tsc", [node, script, "run", "--silent", "typecheck"], ui.SOURCES),
        ("vitest", [node, script, "run", "--silent", "test"], ui.SOURCES),
    ]


def _section(name: str, command: list[str], folder: Path) -> bool:
    started = time.monotonic()
    variables = ui.node_environment(environment.node_home())
    if not sys.stdout.isatty():
        variables["NO_COLOR"] = "1"
    code = subprocess.call(command, cwd=folder, env=variables)
    print(f"── {name}  {'通过' if code == 0 else '未通过'}  {time.monotonic() - started:.1f} 秒", flush=True)
    return code == 0


def _need_chromium() -> str:
    found = machine.find_chromium()
    if found is None and machine.is_debian() and machine.is_root() and "ECMS_CHROMIUM" not in os.environ:
        machine.install(machine.missing_packages(machine.BROWSER_PACKAGES))
        found = machine.find_chromium()
    if found is None:
        raise environment.SetupError(
            "界面测试需要 Chromium。Debian/Ubuntu:sudo apt-get install -y chromium;"
            "其他系统：安装 Chromium 或 Chrome，并用 ECMS_CHROMIUM 指出程序路径"
        )
    return found


def soak(words: list[str]) -> int:
    set_up(dev=True)
    variables = {**os.environ, "ECMS_CHROMIUM": _need_chromium()}
    code = subprocess.call([PYTHON, "-m", "pytest", "-m", "soak", *words], env=variables)
    if words:
        return code
    return subprocess.call([PYTHON, "-m", "pytest", "--real-window", "tests/e2e"], env=variables) or code


def bench(words: list[str]) -> int:
    set_up(dev=True)
    folder = ROOT / "tests" / "bench"
    programs = sorted(folder.glob("bench_*.py"))
    if not programs:
        raise environment.SetupError("tests/bench 里还没有测量程序（bench_*.py）")
    first = next((place for place, word in enumerate(words) if word.startswith("--")), len(words))
    names, options = words[:first], words[first:]
    codes = []
    for program in programs:
        if names and not any(name in program.stem for name in names):
            continue
        print(f"── {program.stem}", flush=True)
        codes.append(subprocess.call([PYTHON, str(program), *options], env={**os.environ, "PYTHONPATH": str(ROOT)}))
    return int(any(codes))


# --- lock --------------------------------------------------------------------------------------------------


def lock(words: list[str]) -> int:
    """Resolve anew and write names, versions and hashes; addresses stay with whoever installs."""
    _need_uv()
    _uv("lock", *words)
    plain = ["--no-emit-project", "--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"]
    _uv("export", *plain, "--no-dev", "--group", "build", "-o", str(environment.LOCK_RUN))
    _uv("export", *plain, "--all-groups", "-o", str(environment.LOCK_DEV))
    for file in (environment.LOCK_RUN, environment.LOCK_DEV):
        if "://" in file.read_text(encoding="utf-8"):
            raise environment.SetupError(f"{file.name} 里出现了网址，不能提交")
    if ui.has_ui():
        environment.prepare(dev=False)
        os.environ.update(environment.certificates())
        ui.npm(environment.node_home(), "install", "--package-lock-only", quiet=True)
        _drop_addresses(ui.SOURCES / "package-lock.json")
    return 0


def _need_uv() -> None:
    if not environment.PYTHON.exists():
        subprocess.check_call([sys.executable, "-m", "venv", str(environment.VENV)])
    if subprocess.run([PYTHON, "-m", "uv", "--version"], capture_output=True, check=False).returncode:
        subprocess.check_call([PYTHON, "-m", "pip", "install", "--quiet", "uv"])


def _uv(*words: str) -> None:
    if subprocess.call([PYTHON, "-m", "uv", *words], stdout=subprocess.DEVNULL):
        raise environment.SetupError(f"uv {words[0]} 没有成功")


def _drop_addresses(file: Path) -> None:
    """npm writes where each package came from and asks for funds; `npm ci` needs neither."""
    content = json.loads(file.read_text(encoding="utf-8"))
    for package in content["packages"].values():
        for key in ("resolved", "funding"):
            package.pop(key, None)
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
