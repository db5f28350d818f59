"""The line between a workstation and its server, as bad as the test wants it: a TCP proxy on this machine that cuts
connections at any byte, ends answers early, delays, refuses, and lets through."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

PIECE_BYTES = 4_096
CUT_WITHIN_BYTES = 12_000
CONNECT_S = 5
_AT_ONCE = struct.pack("ii", 1, 0)
"""Linger for no time: closing resets the connection instead of ending it in order."""


@dataclass(frozen=True)
class Weather:
    """How likely each trouble is for a new connection, and by how long each piece may be held up."""

    refuses: float = 0.0
    cuts: float = 0.0
    truncates: float = 0.0
    delay_ms: int = 0


CLEAR = Weather()
STORMY = Weather(refuses=0.15, cuts=0.35, truncates=0.2, delay_ms=60)
DOWN = Weather(refuses=1.0)


@dataclass
class Proxy:
    """Listens on a port of its own for as long as the test runs; `target` may change when the server comes back on
    another port. The same seed gives the n-th connection the same fate."""

    target: int
    seed: int = 0
    _weather: Weather = CLEAR
    port: int = field(init=False)
    count: int = 0
    """Connections that were asked for."""
    _cuts: list[int] = field(default_factory=list)
    _lines: set[_Line] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name=f"proxy {self.port}", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def weather(self) -> Weather:
        return self._weather

    @weather.setter
    def weather(self, weather: Weather) -> None:
        """What is connected is cut off, so that the new weather holds for everything."""
        self._weather = weather
        self.drop()

    def cut_after(self, answer_bytes: int, times: int) -> None:
        """The next connections end in the middle of what comes down, whatever the weather."""
        self._cuts = [answer_bytes] * times

    def next_cut(self) -> int | None:
        return self._cuts.pop() if self._cuts else None

    def drop(self) -> None:
        """Cuts every connection where it stands."""
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            line.drop()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(CONNECT_S)
        self.drop()
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            line.thread.join(CONNECT_S)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:  # closed
                return
            self.count += 1
            line = _Line(self, near, random.Random(f"{self.seed} {self.count}"), self._weather)
            with self._lock:
                self._lines.add(line)
            line.thread.start()

    def forget(self, line: _Line) -> None:
        with self._lock:
            self._lines.discard(line)


class _Line:
    """One connection and what is to become of it."""

    def __init__(self, proxy: Proxy, near: socket.socket, rng: random.Random, weather: Weather) -> None:
        self._proxy, self._near, self._rng = proxy, near, rng
        self._far: socket.socket | None = None
        self._delay_s = rng.uniform(0, weather.delay_ms / 1_000)
        fate = rng.random()
        self._is_refused = fate < weather.refuses
        is_cut = self._is_refused or fate < weather.refuses + weather.cuts
        self._is_rude = is_cut
        self._up_max, self._down_max = self._limits(is_cut, fate < weather.refuses + weather.cuts + weather.truncates)
        if cut := proxy.next_cut():
            self._is_refused, self._is_rude, self._up_max, self._down_max = False, True, None, cut
        self.thread = threading.Thread(target=self._run, name="line", daemon=True)

    def _limits(self, is_cut: bool, is_truncated: bool) -> tuple[int | None, int | None]:
        """After how many bytes up and down the line ends."""
        within = self._rng.randrange(1, CUT_WITHIN_BYTES)
        if is_cut:
            return (within, None) if self._rng.random() < 0.4 else (None, within)
        return None, within if is_truncated else None

    def drop(self) -> None:
        for one in (self._near, self._far):
            if one is not None:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        try:
            if not self._is_refused:
                self._far = socket.create_connection(("127.0.0.1", self._proxy.target), CONNECT_S)
                self._far.settimeout(None)
                self._carry_both(self._far)
        except OSError:  # the server is down
            self._is_rude = True
        finally:
            self._end()

    def _carry_both(self, far: socket.socket) -> None:
        up = threading.Thread(target=self._carry, args=(self._near, far, self._up_max), daemon=True)
        up.start()
        self._carry(far, self._near, self._down_max)
        up.join()

    def _carry(self, source: socket.socket, sink: socket.socket, most: int | None) -> None:
        left = most
        with suppress(OSError):
            while piece := source.recv(PIECE_BYTES):
                if self._delay_s:
                    time.sleep(self._delay_s)
                sink.sendall(piece if left is None else piece[:left])
                if left is not None:
                    left -= len(piece)
                    if left <= 0:
                        break
        self._hang_up()

    def _hang_up(self) -> None:
        """Ends both directions: in order where only the answer is short, by a reset on a rude line."""
        with suppress(OSError):
            if self._is_rude:
                self._near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self._near.shutdown(socket.SHUT_RD if self._is_rude else socket.SHUT_RDWR)
        if self._far is not None:
            with suppress(OSError):
                self._far.shutdown(socket.SHUT_RDWR)

    def _end(self) -> None:
        self._hang_up()
        self._proxy.forget(self)
        self._near.close()
        if self._far is not None:
            self._far.close()
