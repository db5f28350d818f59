"""argparse in Chinese: its help and its complaints are read by people."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

_COMPLAINTS = (
    (r"the following arguments are required: (.+)", r"缺少 \1"),
    (r"unrecognized arguments: (.+)", r"不认识 \1"),
    (r"argument (.+): invalid choice: (.+) \(choose from .+\)", r"\1 不能是 \2"),
    (r"argument (.+): invalid .+ value: (.+)", r"\1 的值不对：\2"),
    (r"argument (.+): expected .+ arguments?", r"\1 后面要写值"),
    (r"argument (.+): not allowed with argument (.+)", r"\1 和 \2 不能同时用"),
)


class _Help(argparse.HelpFormatter):
    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(usage, actions, groups, "用法：" if prefix is None else prefix)


class Parser(argparse.ArgumentParser):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"formatter_class": _Help, "add_help": False, "allow_abbrev": False, **settings})
        self._positionals.title, self._optionals.title = "参数", "选项"
        self.add_argument("-h", "--help", action="help", help="显示这段说明")

    def error(self, message: str) -> NoReturn:
        for pattern, chinese in _COMPLAINTS:
            message = re.sub(f"^{pattern}$", chinese, message)
        self.print_usage(sys.stderr)
        self.exit(2, f"用法不对：{message}\n")
