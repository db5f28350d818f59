"""Demonstration data: believable, made up, the same for the same seed (ids and times of writing aside).

Everything goes through the one write path in changesets of at most 500 rows, a few of them to a transaction, so that
people who work meanwhile hardly wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from random import Random

from sync_server.replication.changeset import ROWS_MAX, Op

from ..engine.engine import Engine
from ..engine.fields.moment import today
from ..engine.ids import new_id
from ..errors import Refused
from .goods import Goods
from .ground import PASSWORD as PASSWORD
from .ground import Ground, lay, number
from .parties import Batch, Parties
from .trade import Trade

Progress = Callable[[int, int], None]

ROWS_PER_TRANSACTION = 6_000
"""About one second: somebody who saves meanwhile waits no longer."""
SUPPLIERS_MIN = 20
COMPETITORS_MIN = 8
_PREFIXES = {"customer": "KH", "supplier": "GY"}


def fill(
    engine: Engine, customers: int, seed: int = 1, progress: Progress = lambda done, total: None, documents: int = 0
) -> dict[str, int]:  # fmt: skip
    """Rows made, by module; `documents` of them are papers of a year of trade. `progress` may raise to stop; what is
    written by then stays, whole.

    Raises `Refused` when the company has not been founded.
    """
    _refuse_unfounded(engine)
    random = Random(seed)
    ground, ops = lay(engine, random, date.fromisoformat(today()), customers)
    writer = _Writer(engine, ground)
    with engine.db.bulk():
        writer.rows(ops)
        parties = Parties(ground)
        _fill_suppliers(writer, parties, max(SUPPLIERS_MIN, customers // 50))
        with engine.db.read() as db:
            goods = list(Goods(ground, db, Random(f"goods {seed}")).ops())
        writer.rows(goods)
        _fill_parties(writer, parties, customers, progress)
        trade = Trade(engine, ground.actor, Random(f"trade {seed}"), documents).write(progress) if documents else {}
    return dict(writer.made) | trade


def _fill_suppliers(writer: _Writer, parties: Parties, count: int) -> None:
    for _ in range(count):
        writer.batch(parties.supplier)
    writer.flush()


def _fill_parties(writer: _Writer, parties: Parties, customers: int, progress: Progress) -> None:
    for _ in range(max(COMPETITORS_MIN, min(40, customers // 5_000))):
        writer.batch(parties.competitor)
    writer.flush()
    for done in range(customers):
        writer.batch(parties.customer)
        if done % 200 == 0:
            progress(done, customers)
    writer.flush()
    progress(customers, customers)


def _refuse_unfounded(engine: Engine) -> None:
    with engine.db.read() as db:
        if not db.execute("SELECT 1 FROM sync_self").fetchone():
            raise Refused("还没有完成首次设置，请先打开程序，或用 ecms init")


def summary(engine: Engine, made: dict[str, int]) -> str:
    """What was made, in words."""
    counts = [f"{engine.registry[module].module.noun} {count:,}" for module, count in made.items()]
    lines = [f"已写入演示数据：{'，'.join(counts)}"]
    if "operator" in made:
        lines.append(f"演示操作员的密码都是 {PASSWORD}，登录时选销售部门和姓名")
    return "\n".join(lines)


class _Writer:
    """Collects rows and writes them, changeset by changeset, in short transactions."""

    def __init__(self, engine: Engine, ground: Ground) -> None:
        self.engine = engine
        self.ground = ground
        self.made: Counter[str] = Counter()
        self._id = new_id()
        self._batch = Batch()
        self._changesets: list[list[Op]] = []
        self._rows = 0

    def batch(self, make: Callable[[Batch], None]) -> None:
        """Adds a party with all that belongs to it; a party is never cut apart."""
        fresh = Batch()
        make(fresh)
        if len(self._batch) + len(fresh) > ROWS_MAX:
            self._close_changeset()
        self._batch.add(fresh)

    def rows(self, ops: list[Op]) -> None:
        """Writes plain rows in the order given."""
        self._changesets += [ops[start : start + ROWS_MAX] for start in range(0, len(ops), ROWS_MAX)]
        self._commit()

    def flush(self) -> None:
        self._close_changeset()
        self._commit()

    def _close_changeset(self) -> None:
        if len(self._batch):
            self._changesets.append(self._batch.ops)
            self._rows += len(self._batch)
            self._batch = Batch()
        if self._rows >= ROWS_PER_TRANSACTION:
            self._commit()

    def _commit(self) -> None:
        changed = []
        with self.engine.db.write() as db:
            for ops in self._changesets:
                for module, prefix in _PREFIXES.items():
                    number(self.engine, db, [op for op in ops if op.table == module], prefix)
                changed.append(
                    self.engine.applier.local(ops, actor=self.ground.actor, act="demo", batch=self._id)
                )  # fmt: skip
        for ops in self._changesets:
            self.made.update(op.table for op in ops if op.table in self.engine.registry)
        for one in changed:
            self.engine.tell(one)
        self._changesets, self._rows = [], 0
