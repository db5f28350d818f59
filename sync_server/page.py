"""What whoever runs the server sees in a browser: counts only, so it asks for no secret; no scripts."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape

_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.6 system-ui, "Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", sans-serif;
  max-width: 34em; margin: 3em auto; padding: 0 1em }
h1 { font-size: 1.25em; font-weight: 600 }
table { width: 100%; border-collapse: collapse }
th, td { padding: .45em 0; border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent) }
th { text-align: left; font-weight: 400 }
td { text-align: right; font-variant-numeric: tabular-nums }
"""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


BEHIND_MS_MAX = 600_000
"""How far the clock may lie behind the latest stamp without a word: machines are let run ahead a little."""


def figures(stats: Mapping[str, int | str], now_ms: int) -> dict[str, int | str]:
    """The figures of `Store.stats` with how far this server's clock lies behind the latest stamp, if that is much."""
    behind = int(stats["newest_ms"]) - now_ms
    return {**stats, "clock_behind_ms": behind if behind > BEHIND_MS_MAX else 0}


def html(stats: Mapping[str, int | str], now_ms: int) -> str:
    """The page over the figures."""
    lines = "".join(f"<tr><th scope=row>{escape(name)}<td>{escape(said)}" for name, said in _lines(stats, now_ms))
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>同步服务器</title><style>{_STYLE}</style><h1>同步服务器正在运行</h1><table>{lines}</table></html>"
    )


def _lines(stats: Mapping[str, int | str], now_ms: int) -> list[tuple[str, str]]:
    def count(name: str) -> str:
        return f"{int(stats[name]):,}"

    behind = int(stats["clock_behind_ms"])
    warning = [("服务器的时钟", f"比最新的修改慢了 {_length(behind // 60_000)}，请校准")] if behind else []
    return [
        *warning,
        ("在用的机器", count("machines")),
        ("已停用的机器", count("revoked")),
        ("最久没有联系的机器", _ago(int(stats["last_seen_oldest"]), now_ms)),
        ("各台机器等待上传的修改", count("waiting")),
        ("修改", count("changesets")),
        ("最新位置", count("head")),
        ("记录", count("rows")),
        ("同步冲突", f"{count('conflicts')}，其中待决定 {count('conflicts_open')}"),
        ("未接受的修改", f"{count('quarantined')}，其中等待其他修改 {count('quarantined_depends')}"),
        ("数据大小", f"{int(stats['bytes']) / 1_000_000:,.1f} MB"),
    ]


def _ago(ms: int, now_ms: int) -> str:
    return f"{_length(max(0, now_ms - ms) // 60_000)}前" if ms else "—"


def _length(minutes: int) -> str:
    if minutes < 120:
        return f"{minutes} 分钟"
    return f"{minutes // 60} 小时" if minutes < 2_880 else f"{minutes // 1_440} 天"
