"""The commands. Everything heavy is imported where it is needed: the window should not wait for it.

Exit code 0: done. 1: refused, with one clear line on stderr. 2: wrong usage.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.errors import Refused
from desktop.files import open_private, why
from desktop.usage import Parser

if TYPE_CHECKING:
    from desktop.api.guard import Guard
    from desktop.shell.browser import BrowserHost
    from desktop.shell.display import Answer, Question, Shown
    from desktop.shell.single import Instance
    from desktop.shell.window import WindowHost
    from desktop.workstation import Workstation

GARBAGE = (20_000, 20, 20)
"""How much is made before Python looks through all there is for what nobody needs any more: what is loaded at a start
stays, and to look through it again and again was a tenth of the start."""
LOG_BYTES_MAX = 1_000_000
CUSTOMERS_MAX = 10_000_000
# A first program that is only just starting has not yet said where it answers.
FIRST_ANSWERS_WITHIN_S = 8.0
Shows = ("window", "browser", "headless")


def main(words: list[str] | None = None) -> int:
    gc.set_threshold(*GARBAGE)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that lacks Chinese must not stop the program
            stream.reconfigure(errors="replace")
    given = list(sys.argv[1:] if words is None else words)
    if not given or (given[0].startswith("-") and given[0] not in ("-h", "--help")):
        given.insert(0, "run")
    arguments = _parser().parse_args(given)
    command: Callable[[argparse.Namespace], str] = arguments.command
    try:
        said = command(arguments)
    except Refused as refusal:
        _say_refusal(str(refusal))
        return 1
    except KeyboardInterrupt:
        return 130
    if said:
        print(said, flush=True)
    return 0


# --- the program itself ------------------------------------------------------------------------------------


def _run(arguments: argparse.Namespace) -> str:
    from desktop.shell.display import Question

    folder = _folder(arguments)
    asked = arguments.shown or _shown_by_environment()
    # Whether a window works is found out while the program loads.
    question = Question() if asked in (None, "window") else None
    instance = _acquire(folder)
    if instance is None:
        return _focus_first(folder)
    with instance, _log_to(folder), _workstation(folder) as workstation:
        host, answer = _choose_host(folder, asked, question)
        with _served(workstation, host, instance, 0) as guard:
            _show(host, guard, folder, answer)
    return ""


def _serve(arguments: argparse.Namespace) -> str:
    from desktop.shell.browser import BrowserHost

    folder = _folder(arguments)
    with _alone(folder) as instance, _log_to(folder), _workstation(folder) as workstation:
        host = BrowserHost()
        with _served(workstation, host, instance, arguments.port) as guard:
            host.heed_signals()
            print(f"ready {guard.new_launch_url()}", flush=True)
            host.wait()
    return ""


def _choose_host(
    folder: Path, asked: Shown | None, question: Question | None
) -> tuple[WindowHost | BrowserHost, Answer]:
    from desktop.shell.browser import BrowserHost
    from desktop.shell.display import Answer

    answer = question.answer() if question else Answer(asked or "headless")
    if answer.shown == "window":
        from desktop.shell.window import WindowHost

        host = WindowHost(folder)
        try:
            host.load()
            return host, answer
        except ImportError as error:
            answer = Answer("browser", f"窗口的程序库没有装好（{error}）")
    if asked == "window":
        raise Refused(f"无法打开窗口：{answer.reason}")
    return BrowserHost(), answer


def _show(host: WindowHost | BrowserHost, guard: Guard, folder: Path, answer: Answer) -> None:
    """Blocks until the program ends."""
    from desktop.shell.browser import BrowserHost, open_in_browser

    if not isinstance(host, BrowserHost):
        host.show(guard.new_launch_url())
        return

    host.heed_signals()
    opened = False
    if answer.shown == "browser":
        url = guard.new_launch_url()
        opened = open_in_browser(url, folder, lambda: guard.is_waiting(url))
    if answer.reason:
        print(f"没有打开窗口：{answer.reason}", file=sys.stderr)
    first = "已在浏览器中打开。需要时也可以打开这个地址" if opened else "请在浏览器中打开这个地址"
    print(f"{first}（只能用一次）：\n{guard.new_launch_url()}\n按 Ctrl+C 退出", flush=True)
    host.wait()


def _focus_first(folder: Path) -> str:
    """The program already runs on this data: bring it to the front instead of starting it again."""
    from desktop.shell import single
    from desktop.shell.browser import open_and_wait

    deadline = time.monotonic() + FIRST_ANSWERS_WITHIN_S
    while True:
        first = single.running(folder)
        focused = single.ask_to_focus(first) if first else None
        if focused or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    if focused is None:
        known = f"（进程 {first.pid}）" if first else ""
        raise Refused(f"程序已在运行{known}，但没有回应。请稍候再试，或先结束它再打开")
    if focused.mode == "window":
        return "程序已在运行，已切换到它的窗口"
    if open_and_wait(focused.url, folder):
        return "程序已在运行，已在浏览器中打开"
    return f"程序已在运行。请在浏览器中打开这个地址（只能用一次）：\n{focused.url}"


@contextmanager
def _workstation(folder: Path) -> Iterator[Workstation]:
    from desktop.workstation import Workstation

    workstation = Workstation.open(folder, tell=_say_step)
    try:
        yield workstation
    finally:
        workstation.close()


@contextmanager
def _served(workstation: Workstation, host: WindowHost | BrowserHost, instance: Instance, port: int) -> Iterator[Guard]:
    from desktop.api.guard import Guard
    from desktop.app import create_app
    from desktop.server import LocalServer, PortTaken
    from desktop.shell.single import Running

    guard = Guard()
    try:
        server = LocalServer(create_app(workstation, guard, host), guard, port)
    except PortTaken as taken:
        raise Refused(f"端口 {port} 已被别的程序占用，请换一个") from taken
    server.start()
    workstation.sync.start()
    workstation.files.start()
    instance.announce(Running(server.port, os.getpid(), host.mode, guard.control_secret))
    try:
        yield guard
    finally:
        host.stopping.set()
        server.stop()


# --- work on the data without a screen ---------------------------------------------------------------------


def _init(arguments: argparse.Namespace) -> str:
    from desktop import commands

    password = sys.stdin.readline().rstrip("\r\n")
    with _alone(_folder(arguments)):
        return commands.init(_folder(arguments), arguments.company, arguments.branch, arguments.admin, password)


def _demo(arguments: argparse.Namespace) -> str:
    from desktop import commands

    with _alone(_folder(arguments)):
        return commands.demo(_folder(arguments), arguments.customers, arguments.seed, arguments.documents)


def _backup(arguments: argparse.Namespace) -> str:
    from desktop import commands

    return commands.backup(_folder(arguments), arguments.file)


def _restore(arguments: argparse.Namespace) -> str:
    from desktop import commands

    with _alone(_folder(arguments)):
        return commands.restore(_folder(arguments), arguments.file)


def _check(arguments: argparse.Namespace) -> str:
    from desktop import commands

    return commands.check(_folder(arguments))


def _join(arguments: argparse.Namespace) -> str:
    from desktop import commands

    with _alone(_folder(arguments)):
        return commands.join(_folder(arguments), arguments.server, arguments.code)


def _sync(arguments: argparse.Namespace) -> str:
    from desktop import commands

    with _alone(_folder(arguments)):
        return commands.sync(_folder(arguments))


def _digest(arguments: argparse.Namespace) -> str:
    from desktop import commands

    return commands.digest(_folder(arguments), arguments.scope)


def _manifest(_arguments: argparse.Namespace) -> str:
    from desktop import commands

    return commands.manifest()


@contextmanager
def _alone(folder: Path) -> Iterator[Instance]:
    """Nobody else may have the data open meanwhile."""
    from desktop.shell import single

    instance = _acquire(folder)
    if instance is None:
        first = single.running(folder)
        known = f"（进程 {first.pid}）" if first else ""
        raise Refused(f"这个数据文件夹正由运行中的程序使用{known}，请先退出它：{folder}")
    with instance:
        yield instance


def _acquire(folder: Path) -> Instance | None:
    from desktop.shell.single import Instance

    try:
        return Instance.acquire(folder)
    except OSError as error:
        raise Refused(f"不能使用数据文件夹 {folder}：{why(error)}。请换一个位置，或检查权限") from error


# --- words and places --------------------------------------------------------------------------------------


@cache
def _parser() -> Parser:
    parser = Parser(prog="ecms", description="企业客户管理系统")
    commands = parser.add_subparsers(title="命令", metavar="命令", required=True)

    def add(name: str, command: Callable[[argparse.Namespace], str], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(command=command)
        return added

    run = add("run", _run, "打开程序；没有图形界面时给出地址")
    shown = run.add_mutually_exclusive_group()
    for name, text in zip(Shows, ("用窗口", "用浏览器", "只给出地址"), strict=True):
        shown.add_argument(f"--{name}", dest="shown", action="store_const", const=name, help=text)
    serve = add("serve", _serve, "只运行服务，不打开窗口")
    serve.add_argument("--port", type=int, default=0, metavar="端口", help="不写则由系统选一个")
    init = add("init", _init, "不用界面完成首次设置；密码从标准输入读取")
    for name in ("company", "branch", "admin"):
        init.add_argument(f"--{name}", required=True, metavar="名称")
    init.add_argument("--password-stdin", action="store_true", required=True)
    demo = add("demo", _demo, "写入演示数据")
    demo.add_argument("--customers", type=_count, default=2000, metavar="数量", help="客户的数量，可以是 0")
    demo.add_argument("--documents", type=_count, default=200, metavar="数量", help="单据的数量，可以是 0")
    demo.add_argument("--seed", type=int, default=1, metavar="种子")
    for name, command, text in (("backup", _backup, "备份到文件"), ("restore", _restore, "从备份文件恢复")):
        add(name, command, text).add_argument("file", type=Path, metavar="文件")
    add("check", _check, "检查数据是否完整")
    join = add("join", _join, "用加入码加入公司的同步服务器")
    join.add_argument("--server", required=True, metavar="地址")
    join.add_argument("--code", required=True, metavar="加入码")
    add("sync", _sync, "与服务器同步一次，输出一行 JSON")
    digest = add("digest", _digest, "输出数据摘要（JSON）")
    digest.add_argument("--scope", choices=("company", "all"), default="all", metavar="company|all")
    for added in commands.choices.values():
        added.add_argument("--data", type=Path, metavar="文件夹", help="数据文件夹，默认在用户目录下")
    add("manifest", _manifest, "输出数据定义清单（JSON）")
    return parser


def _count(text: str) -> int:
    """A number of things to make."""
    if not text.isascii() or not text.isdigit() or int(text) > CUSTOMERS_MAX:
        raise ValueError
    return int(text)


def _folder(arguments: argparse.Namespace) -> Path:
    given: Path | None = arguments.data
    if given is None and os.environ.get("ECMS_DATA"):
        given = Path(os.environ["ECMS_DATA"])
    if given is None:
        import platformdirs

        given = platformdirs.user_data_path("ECMS", appauthor=False)
    if given.exists() and not given.is_dir():
        raise Refused(f"数据文件夹的位置上是一个文件：{given}")
    return given.expanduser().absolute()


def _shown_by_environment() -> Shown | None:
    asked = os.environ.get("ECMS_SHOW", "")
    if asked and asked not in Shows:
        raise Refused(f"环境变量 ECMS_SHOW 只能是 {'、'.join(Shows)}")
    return asked or None  # type: ignore[return-value]  # checked just above


class _PrivateLog(RotatingFileHandler):
    """A log that names customers: for its owner alone."""

    def _open(self) -> TextIOWrapper:
        return open(self.baseFilename, self.mode, encoding=self.encoding, opener=open_private)  # type: ignore[return-value]


@contextmanager
def _log_to(folder: Path) -> Iterator[None]:
    """What went wrong stays readable after the window is gone."""
    handler = _PrivateLog(folder / "ecms.log", maxBytes=LOG_BYTES_MAX, backupCount=2, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()


def _say_step(step: str) -> None:
    """What a newer version does with older data before it opens, where somebody waits and afterwards."""
    _takeover.info(step)
    if sys.stderr is not None:
        print(f"正在接管旧版本的数据：{step}……", file=sys.stderr, flush=True)


_takeover = logging.getLogger("desktop.takeover")
_takeover.setLevel(logging.INFO)


def _say_refusal(text: str) -> None:
    print(text, file=sys.stderr)
    if sys.platform == "win32" and sys.stderr is None:  # started from its icon: there is no console
        import ctypes

        ctypes.windll.user32.MessageBoxW(None, text, "企业客户管理系统", 0x30)
