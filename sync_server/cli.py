"""The server's commands. Exit code 0: done. 1: refused, with one clear line on stderr. 2: wrong usage."""

import argparse
import gc
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from . import accounts, intake, manifest, page
from .accounts import wall_clock
from .errors import Refused
from .files import FOLDER, Files
from .replication.idle import EVERY_MS
from .replication.wire import ALONE_BYTES_MAX
from .store import Held, Transaction
from .store_sqlite import FILE_NAME, SqliteStore, restore

log = logging.getLogger(__name__)

GARBAGE = (20_000, 20, 20)
"""How much is made before Python looks through all there is for what nobody needs any more: what is loaded at a start
stays, and to look through it again and again was a tenth of the start."""
THREADS = 16
CONNECTIONS_MAX = 500 if sys.platform == "win32" else 4_000
"""Machines keep their connection between polls; Windows watches 512 at most."""
PORT = 8630
_RUNNING = "服务器正在运行，请先停止它"


def main(words: list[str] | None = None) -> int:
    """Runs one command. All it writes is for this user alone: a company's data must not be read by others who may use
    the computer."""
    os.umask(0o077)
    gc.set_threshold(*GARBAGE)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that lacks Chinese must not stop the server
            stream.reconfigure(errors="replace")
    arguments = _parser().parse_args(words)
    command: Callable[[argparse.Namespace], str] = arguments.command
    try:
        said = command(arguments)
    except (Refused, OSError) as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if said:
        print(said, flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ecms-server", description="企业客户管理系统的同步服务器")
    commands = parser.add_subparsers(required=True, metavar="命令")

    def add(name: str, command: Callable[[argparse.Namespace], str], about: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=about, description=about)
        where = "数据文件夹，默认在用户目录下；也可用环境变量 ECMS_SERVER_DATA"
        one.add_argument("--data", type=Path, metavar="DIR", help=where)
        one.set_defaults(command=command)
        return one

    serve = add("serve", _serve, "运行服务器，就绪后打印一行 ready http://…")
    serve.add_argument("--host", default="127.0.0.1", help="监听的地址，默认只限本机")
    serve.add_argument("--port", type=int, default=PORT, help=f"端口，默认 {PORT}；0 由系统选择")
    invite = add("invite", _invite, "打印一个加入码，10 分钟内有效，只能用一次")
    invite.add_argument("--branch", required=True, metavar="CODE", help="机器所属门店的编号")
    invite.add_argument("--user", help="个人电脑：使用它的操作员")
    add("machines", _machines, "列出加入的机器")
    quarantine = add("quarantine", _quarantine, "列出未接受的修改及原因")
    which = quarantine.add_mutually_exclusive_group()
    which.add_argument("--show", type=_held_name, metavar="R:N", help="打印其中一条修改的内容（JSON）")
    which.add_argument("--accept", type=_held_name, metavar="R:N", help="接受其中一条修改，各台机器随后会收到它")
    add("revoke", _revoke, "停用一台机器").add_argument("id", metavar="ID", help="机器的 id 或代号")
    add("files", _files, "列出服务器上缺少的附件：有记录用到，内容却还没有机器上传")
    add("stats", _stats, "打印服务器的状况（JSON）")
    add("backup", _backup, "备份到一个新文件，运行中也可以").add_argument("file", type=Path, metavar="FILE")
    add("restore", _restore, "从备份恢复，先停止服务器").add_argument("file", type=Path, metavar="FILE")
    return parser


def _serve(arguments: argparse.Namespace) -> str:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    _allow_connections()
    with _locked(_folder(arguments, makes=True)), _store(arguments) as store:
        server = _bound(store, arguments.host, arguments.port)
        signal.signal(signal.SIGTERM, _stop)
        # A name may stand for several addresses; they share the port unless the system picked it.
        listening = getattr(server, "effective_listen", None) or [(arguments.host, server.effective_port)]
        print(f"ready http://{_shown(arguments.host)}:{listening[0][1]}", flush=True)
        for address in _near_addresses() if arguments.host in ("0.0.0.0", "::") else ():
            print(f"其他电脑填写的地址：http://{address}:{listening[0][1]}", file=sys.stderr, flush=True)
        try:
            server.run()
        finally:
            server.close()
    return ""


def _bound(store: SqliteStore, host: str, port: int) -> Any:
    """A server that listens. Raises Refused when it cannot."""
    from waitress.server import create_server  # these two take longer to load than the other commands to run

    from .app import create_server_app

    files = Files(store.path.parent / FOLDER)
    files.sweep(time.time())
    threading.Thread(target=_collect, args=(files, store), name="collect", daemon=True).start()
    try:
        return create_server(
            create_server_app(store, manifest.load(), wall_clock, files),
            host=host,
            port=port,
            threads=THREADS,
            connection_limit=CONNECTIONS_MAX,
            asyncore_use_poll=True,
            ident="",
            clear_untrusted_proxy_headers=True,
            # A little above the app's own limit, so that it can still answer in words.
            max_request_body_size=2 * ALONE_BYTES_MAX,
        )
    except (OSError, OverflowError, ValueError) as error:
        raise Refused(f"不能在 {host}:{port} 上监听：{error}") from error


def _collect(files: Files, store: SqliteStore) -> None:
    """Once a day, beside what the server does."""
    while True:
        try:
            gone = files.collect(store.files_ever, wall_clock())
            log.info("%s contents that no record needs are gone", gone)
        except Exception:  # whatever it is, contents that stay harm nobody
            log.exception("contents without a record were not collected")
        time.sleep(EVERY_MS / 1_000)


def _allow_connections() -> None:
    """Each connection is an open file, and systems allow a process few of them unless asked."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = CONNECTIONS_MAX + 200
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if soft != resource.RLIM_INFINITY and soft < most:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _stop(*_: object) -> None:
    # waitress ends its loop on this, and lets requests under way finish.
    raise SystemExit(0)


def _near_addresses() -> list[str]:
    """This computer's addresses in its own network, for people to type elsewhere."""
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET, socket.SOCK_STREAM)
    except OSError:
        return []
    return sorted({str(one[4][0]) for one in found if not str(one[4][0]).startswith("127.")})


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _invite(arguments: argparse.Namespace) -> str:
    with _store(arguments, makes=True) as store:
        return accounts.invite(store, arguments.branch, arguments.user, wall_clock())


def _machines(arguments: argparse.Namespace) -> str:
    with _store(arguments) as store:
        return "\n".join(
            f"{one.id}\t{one.code}\t{one.branch}\t{one.user or '-'}\t{one.state}\t{_when(one.last_seen)}\t"
            f"{'-' if one.waiting is None else one.waiting}\t{one.version or '-'}"
            for one in store.machines()
        )


def _held_name(text: str) -> tuple[str, int]:
    replica, _, n = text.partition(":")
    if not replica or not n.isascii() or not n.isdigit() or len(n) > 18:
        raise argparse.ArgumentTypeError("写成 R:N，即列表中的前两栏")
    return replica, int(n)


def _quarantine(arguments: argparse.Namespace) -> str:
    with _store(arguments) as store:
        if arguments.show:
            return _shown_held(store, arguments.show)
        if arguments.accept:
            return _accepted(store, arguments.accept)
        return "\n".join(
            f"{one.replica}\t{one.n}\t{one.status}\t{one.reason}\t{_when(one.at)}\t{one.machine or '-'}"
            for one in store.quarantined()
        )


def _shown_held(store: SqliteStore, which: tuple[str, int]) -> str:
    with store.transaction() as tx:
        body = _held(tx, which).body
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except UnicodeEncodeError:  # half a character, which no console takes
        return json.dumps(json.loads(body), indent=2)


def _accepted(store: SqliteStore, which: tuple[str, int]) -> str:
    with store.transaction() as tx:
        held = _held(tx, which)
        if why := intake.accept(tx, manifest.load(), held, wall_clock()):
            raise Refused(f"仍不能接受：{why}")
    waiting = sum(one.status == "depends" for one in store.quarantined())
    return "已接受" + (f"；还有 {waiting} 条等待其他修改，可以逐条接受" if waiting else "")


def _held(tx: Transaction, which: tuple[str, int]) -> Held:
    held = tx.held(*which)
    if held is None:
        raise Refused(f"未接受的修改中没有 {which[0]}:{which[1]}")
    return held


def _when(ms: int | None) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds") if ms else "-"


def _revoke(arguments: argparse.Namespace) -> str:
    with _store(arguments) as store:
        ids = [one.id for one in store.machines() if arguments.id in (one.id, one.code)]
        if not ids or not store.revoke(ids[0], wall_clock()):
            raise Refused(f"没有在用的机器 {arguments.id}")
        return f"已停用 {arguments.id}"


def _stats(arguments: argparse.Namespace) -> str:
    with _store(arguments) as store:
        return json.dumps(page.figures(store.stats(), wall_clock()), ensure_ascii=False)


def _files(arguments: argparse.Namespace) -> str:
    with _store(arguments) as store:
        missing = _missing(arguments, store)
    lines = [f"{sha256}\t{size}" for sha256, size in missing]
    return "\n".join([*lines, f"缺少 {len(missing)} 个附件" if missing else "附件齐全"])


def _missing(arguments: argparse.Namespace, store: SqliteStore) -> list[tuple[str, int]]:
    return Files(_folder(arguments) / FOLDER).missing(store.files())


def _backup(arguments: argparse.Namespace) -> str:
    with _store(arguments) as store:
        store.backup(arguments.file)
        count = sum(1 for _ in store.files())
        folder = _folder(arguments) / FOLDER
    return f"已备份到 {arguments.file}" + (f"；{count} 个附件不在其中，请另外复制文件夹 {folder}" if count else "")


def _restore(arguments: argparse.Namespace) -> str:
    folder = _folder(arguments, makes=True)
    with _locked(folder):
        Files(folder / FOLDER).begin_anew()
        restore(arguments.file, folder / FILE_NAME, manifest.load())
        with _store(arguments) as store:
            missing = _missing(arguments, store)
    lacking = f"；缺少 {len(missing)} 个附件（ecms-server files 列出），有这些附件的机器会重新上传" if missing else ""
    return "已恢复，各台机器下次同步时会补上备份以后的修改" + lacking


# --------------------------------------------------------------------------------------------------------- the folder


def _folder(arguments: argparse.Namespace, *, makes: bool = False) -> Path:
    given = arguments.data or os.environ.get("ECMS_SERVER_DATA")
    folder = Path(given) if given else user_data_path("ECMS-server", appauthor=False)
    if makes:
        folder.mkdir(0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def _store(arguments: argparse.Namespace, *, makes: bool = False) -> Iterator[SqliteStore]:
    path = _folder(arguments, makes=makes) / FILE_NAME
    if not path.exists() and not makes and arguments.command is not _serve:
        raise Refused(f"{path.parent} 里没有同步服务器的数据")
    store = SqliteStore(path, manifest.load())
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One server at a time per folder; the system lets go of the lock when the process dies. Raises Refused."""
    with (folder / "server.lock").open("a+") as file:
        try:
            _lock(file.fileno())
        except OSError as error:
            raise Refused(_RUNNING) from error
        yield


def _lock(number: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
