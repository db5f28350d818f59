"""数据检查: everything the engine derives is worked out anew and compared with what is stored.

Problems are what no way of working may cause; notes are what people or a merge may leave behind.
"""

from __future__ import annotations

import re
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from sync_server.replication.changeset import chain

from .blobs import Blob, is_in
from .engine import aliases, derived, following
from .engine.access import Principal
from .engine.apply import unpacked
from .engine.documents import audit, balances
from .engine.documents.declare import Balance, Ledger
from .engine.engine import Engine
from .engine.fields import Ref, Serial
from .engine.fields.moment import SEEDED
from .engine.registry import Definition, Link, targets_of
from .engine.rows import fetch
from .engine.saving import Saving, branch_code
from .engine.schema import GUARDED_OWN
from .engine.work import checksum_of, versions

Step = Callable[[int, int], None]
"""Called with (done, total); raises to stop."""

NAMED_MAX = 20
"""Findings of one kind that are named one by one; the rest are counted."""

RULES_ROWS_MAX = 20_000
"""Rules look other records up: beyond this size only what the declarations say is checked."""

_BATCH = 2_000
_DOCUMENT = 20
"""Rows of which the reading takes as long as working one document out."""
_HANDLER_STEPS = 200_000


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. A `note` is worth knowing but nothing is broken."""

    code: str
    title: str
    detail: str
    kind: Literal["problem", "note"] = "problem"

    def public(self) -> dict[str, str]:
        return {"code": self.code, "title": self.title, "detail": self.detail, "kind": self.kind}


def check(engine: Engine, step: Step) -> list[Finding]:
    """All findings over one snapshot of the data; others go on working meanwhile."""
    with engine.db.read() as db:
        inspection = Inspection(engine, db, step)
        with inspection.stoppable():
            for part in _PARTS:
                part(inspection)
        return inspection.findings


class _Stoppable:
    """Lets `step` stop a long statement as well: an exception in it interrupts SQLite and comes out here."""

    def __init__(self, inspection: Inspection) -> None:
        self._inspection = inspection
        self._stopped: BaseException | None = None

    def __enter__(self) -> None:
        self._inspection.db.set_progress_handler(self._look, _HANDLER_STEPS)

    def _look(self) -> int:
        try:
            self._inspection.advance(0)
        except BaseException as stopped:
            self._stopped = stopped
            return 1
        return 0

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        self._inspection.db.set_progress_handler(None, 0)
        if self._stopped is not None:
            raise self._stopped
        if isinstance(error, sqlite3.DatabaseError):  # too damaged to go on: that is the finding
            self._inspection.add("file-damaged", "数据文件有损坏", [f"读到一半停下：{error}"])
            return True
        return False


@dataclass
class Inspection:
    """What all parts of the check share."""

    engine: Engine
    db: sqlite3.Connection
    step: Step
    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    _done: int = 0
    _total: int = 1

    def stoppable(self) -> _Stoppable:
        return _Stoppable(self)

    def count(self, table: str) -> int:
        if table not in self.counts:
            (self.counts[table],) = self.db.execute(f"SELECT count(*) FROM {table}").fetchone()
        return self.counts[table]

    @property
    def filled(self) -> Iterator[Definition]:
        """The modules that have rows: an empty one has nothing to ask about."""
        return (definition for definition in self.engine.registry if self.count(definition.name))

    def expect(self, rows: int) -> None:
        self._total += rows

    def advance(self, rows: int) -> None:
        self._done += rows
        self.step(min(self._done, self._total), self._total)

    def add(
        self, code: str, title: str, details: Iterable[str], kind: Literal["problem", "note"] = "problem"
    ) -> None:  # fmt: skip
        """Names the first few and counts the rest."""
        count = 0
        for detail in details:
            count += 1
            if count <= NAMED_MAX:
                self.findings.append(Finding(code, title, detail, kind))
        if count > NAMED_MAX:
            self.findings.append(Finding(code, title, f"还有 {count - NAMED_MAX:,} 处", kind))

    def named(self, definition: Definition, id: str) -> str:
        """How a person recognises a record."""
        found = self.db.execute(
            f'SELECT "{definition.module.title}" FROM {definition.name} WHERE id = ?', (id,)
        ).fetchone()  # fmt: skip
        return f"{definition.module.noun}「{found[0] if found and found[0] else id}」"


# ------------------------------------------------------------------- the file


def _integrity(one: Inspection) -> None:
    for definition in one.engine.registry:
        one.expect(one.count(definition.name))
    for module in one.engine.registry.documents:
        one.expect(one.count(module) * _DOCUMENT)
    one.expect(one.count("changeset") * 100)
    said = [row[0] for row in one.db.execute(f"PRAGMA integrity_check({NAMED_MAX})")]
    if said != ["ok"]:
        one.add("file-damaged", "数据文件有损坏", said)


def _guards(one: Inspection) -> None:
    present = {row[0] for row in one.db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    tables = [*GUARDED_OWN, *(d.name for d in one.engine.registry), *one.engine.registry.links]
    wanted = {f"{table}_guard_{event}": table for table in tables for event in ("insert", "update", "delete")}
    missing = [f"表 {table} 缺少 {name}" for name, table in wanted.items() if name not in present]
    one.add("guard-missing", "写入保护不全", missing)


# ---------------------------------------------------------------- changesets


def _chains(one: Inspection) -> None:
    """Own changesets are numbered without gaps and their hashes end where the machine says, in this identity and in
    those before a restore. What came back from elsewhere under an old identity ('applied', or 'acked' when it was
    offered again to a restored server) is the server's affair."""
    me = one.engine.applier.me(one.db)
    one.add("chain-broken", "变更记录不连续", _chain_faults(one, me.number, me.last_n, me.last_h))
    for key, value in one.db.execute("SELECT key, value FROM meta WHERE key LIKE 'replica.%'").fetchall():
        number = one.db.execute("SELECT no FROM replica WHERE uuid = ?", (key.partition(".")[2],)).fetchone()
        last_n, _, last_h = value.partition(" ")
        if number:
            faults = _chain_faults(one, number[0], int(last_n), bytes.fromhex(last_h), is_former=True)
            one.add("chain-broken", "恢复以前的变更记录不连续", faults)


def _chain_faults(
    one: Inspection, replica: int, last_n: int, last_h: bytes, *, is_former: bool = False
) -> Iterator[str]:
    expected, link = 1, b""
    own = "SELECT n, body FROM changeset WHERE r = ? AND state <> 'applied' AND n <= ? ORDER BY n"
    for n, body in one.db.execute(own, (replica, last_n if is_former else 1 << 62)):
        if n != expected:
            yield f"缺少第 {expected} 至 {n - 1} 号变更" if n - 1 > expected else f"缺少第 {expected} 号变更"
            return
        try:
            link = chain(link, unpacked(body))
        except zlib.error:
            yield f"第 {n} 号变更读不出来"
            return
        expected = n + 1
        one.advance(100)
    if expected - 1 != last_n:
        yield f"变更应到第 {last_n} 号，实际到第 {expected - 1} 号"
    elif link != last_h:
        yield "变更的内容和校验值不符"


def _checksums(one: Inspection) -> None:
    """The number by which this machine and the server compare a table follows from its clocks."""
    kept = dict(one.db.execute("SELECT t, sum FROM checksum").fetchall())
    for name in (*one.engine.registry.sent, *one.engine.registry.links):
        try:
            counted = checksum_of(versions(one.db, one.engine.registry, name))
        except KeyError:  # a clock of a replica nobody knows, which is a finding of its own
            continue
        if kept.get(name, checksum_of({})) != counted:
            one.add("checksum", "核对用的校验值不符，下次同步会重新核对", [name])


def _parked(one: Inspection) -> None:
    (count,) = one.db.execute("SELECT count(*) FROM parked_op").fetchone()
    if count:
        one.add("parked", "有暂存的变更", [f"{count:,} 项来自更新的版本，升级程序后会补上"], "note")


# --------------------------------------------------------------------- rows


def _rows(one: Inspection) -> None:
    """One pass over the rows of each module: derived columns, and what the full-text index must hold."""
    for definition in one.engine.registry:
        expected = _Words(one.db, definition)
        wrong = list(_derived_faults(one, definition, expected))
        one.add("derived-wrong", f"{definition.module.label}：拼音或检索列不对", wrong)
        if definition.searched:
            one.add("index-wrong", f"{definition.module.label}：全文索引不对", _index_faults(one, definition, expected))


def _derived_faults(one: Inspection, definition: Definition, expected: _Words) -> Iterator[str]:
    for batch in _batches(one.db, definition) if one.count(definition.name) else ():
        for row in batch:
            values = derived.local_values(definition, row)
            wrong = [name for name, value in values.items() if row[name] != value]
            if wrong:
                yield f"{one.named(definition, row['id'])}的 {'、'.join(wrong)}"
        expected.add(batch)
        one.advance(len(batch))


def _batches(db: sqlite3.Connection, definition: Definition) -> Iterator[list[dict[str, Any]]]:
    names = ("row", "id", "deleted_at", "pinyin", *definition.shadows, *definition.all_names)
    columns = ", ".join(f'"{name}"' for name in names)
    last = -(2**62)
    sql = f"SELECT {columns} FROM {definition.name} WHERE row > ? ORDER BY row LIMIT {_BATCH}"
    while found := db.execute(sql, (last,)).fetchall():
        batch = [dict(zip(names, record, strict=True)) for record in found]
        yield batch
        last = batch[-1]["row"]


# ---------------------------------------------------------- full-text index

_PRIME = 2_147_483_647
_PLAIN = re.compile(r"[0-9a-z\u4e00-\u9fa5 ]*")
"""Words that SQLite's tokenizer certainly leaves alone; for others it is asked."""


class _Words:
    """Every occurrence (word, row, column, place), folded into one sum per word.

    A contentless index cannot be read back row by row, but its vocabulary names every occurrence. Summing a hash of
    them per word compares 60 million in a minute, in the memory of a dictionary of words.
    """

    def __init__(self, db: sqlite3.Connection, definition: Definition) -> None:
        self.db = db
        self.definition = definition
        self.columns = [*definition.searched, "initials"]
        self.sums: dict[str, int] = {}

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        if not self.definition.searched:
            return
        odd: list[tuple[int, Mapping[str, Any]]] = []
        for row in rows:
            if row["deleted_at"] is None:
                texts = derived.search_values(self.definition, row)
                if all(_PLAIN.fullmatch(text) for text in texts):
                    self._sum(row["row"], texts)
                else:
                    odd.append((row["row"], row))
        if odd:
            for term, y in self._ask(odd):
                self.sums[term] = self.sums.get(term, 0) + y * y % _PRIME

    @cached_property
    def _ask(self) -> Callable[[list[tuple[int, Mapping[str, Any]]]], list[tuple[str, int]]]:
        return _temporary(self.db, self.definition, self.columns)

    def _sum(self, number: int, texts: list[str]) -> None:
        sums = self.sums
        for column, text in enumerate(texts):
            y = number * 65_536 + column * 4_096
            for word in text.split():
                hashed = y % _PRIME
                sums[word] = sums.get(word, 0) + hashed * hashed % _PRIME
                y += 1


def _occurrence(columns: list[str]) -> str:
    """The number of an occurrence, as SQL over a vocabulary table: the same as `_Words._sum` counts."""
    cases = " ".join(f"WHEN '{name}' THEN {place * 4_096}" for place, name in enumerate(columns))
    return f"(doc * 65536 + CASE col {cases} END + offset) % {_PRIME}"


def _temporary(
    db: sqlite3.Connection, definition: Definition, columns: list[str]
) -> Callable[[list[tuple[int, Mapping[str, Any]]]], list[tuple[str, int]]]:
    """A small index of its own, to ask the tokenizer about rows with unusual characters."""
    table = f"check_{definition.name}"
    for name in (f"{table}_words", table):
        db.execute(f"DROP TABLE IF EXISTS temp.{name}")
    db.execute(
        f"CREATE VIRTUAL TABLE temp.{table} USING fts5({', '.join(columns)}, content='', "
        "tokenize='unicode61 remove_diacritics 0', columnsize=0)"
    )
    db.execute(f"CREATE VIRTUAL TABLE temp.{table}_words USING fts5vocab({table}, instance)")
    marks = ", ".join("?" * (len(columns) + 1))
    insert = f"INSERT INTO temp.{table} (rowid, {', '.join(columns)}) VALUES ({marks})"

    def ask(rows: list[tuple[int, Mapping[str, Any]]]) -> list[tuple[str, int]]:
        db.execute(f"INSERT INTO temp.{table} ({table}) VALUES ('delete-all')")
        db.executemany(insert, [[number, *derived.search_values(definition, row)] for number, row in rows])
        return db.execute(f"SELECT term, {_occurrence(columns)} FROM temp.{table}_words").fetchall()

    return ask


def _index_faults(one: Inspection, definition: Definition, expected: _Words) -> Iterator[str]:
    """Words whose occurrences differ, traced to the records they belong to."""
    if not expected.sums and not one.db.execute(f"SELECT 1 FROM {definition.name}_fts_idx LIMIT 1").fetchone():
        return  # nothing to find, and no part of an index to find it by
    vocabulary = f"temp.words_{definition.name}"
    one.db.execute(f"DROP TABLE IF EXISTS {vocabulary}")
    one.db.execute(f"CREATE VIRTUAL TABLE {vocabulary} USING fts5vocab(main, {definition.name}_fts, instance)")
    left = expected.sums
    bad: set[str] = set()
    sql = (
        f"SELECT term, sum(y * y % {_PRIME}) FROM "
        f"(SELECT term, {_occurrence(expected.columns)} AS y FROM {vocabulary}) GROUP BY term"
    )
    for term, found in one.db.execute(sql):
        if left.pop(term, None) != found:
            bad.add(term)
    bad |= left.keys()
    if bad:
        yield from _named_by_words(one, definition, vocabulary, bad)


def _named_by_words(one: Inspection, definition: Definition, vocabulary: str, bad: set[str]) -> Iterator[str]:
    some = sorted(bad)[:NAMED_MAX]
    stored = {term: _documents(one.db, vocabulary, term) for term in some}
    wanted: dict[str, set[int]] = {term: set() for term in some}
    for batch in _batches(one.db, definition):
        for row in batch:
            if row["deleted_at"] is None:
                for term in {word for text in derived.search_values(definition, row) for word in text.split()} & set(
                    some
                ):
                    wanted[term].add(row["row"])
    numbers = sorted({number for term in some for number in stored[term] ^ wanted[term]})
    yield f"有 {len(bad):,} 个检索词和记录不符"
    for number in numbers:
        found = one.db.execute(f"SELECT id FROM {definition.name} WHERE row = ?", (number,)).fetchone()
        yield f"{one.named(definition, found[0])}查找不准" if found else f"索引里有不存在的第 {number} 行"


def _documents(db: sqlite3.Connection, vocabulary: str, term: str) -> set[int]:
    return {row[0] for row in db.execute(f"SELECT doc FROM {vocabulary} WHERE term = ?", (term,))}


def tallies(one: Inspection) -> None:
    for definition in one.engine.registry:
        stored = dict(
            one.db.execute("SELECT value, n FROM tally WHERE t = ? AND n <> 0", (definition.name,)).fetchall()
        )
        counted = derived.counted(one.db, definition)
        if stored != counted:
            detail = f"记着 {stored.get('*', 0):,} 条，实际 {counted.get('*', 0):,} 条"
            if stored.get("*", 0) == counted.get("*", 0):
                detail = "分组里的条数和实际不符"
            one.add("tally-wrong", f"{definition.module.label}：条数统计不对", [detail])
        elif _stored_parts(one.db, definition) != derived.counted_parts(one.db, definition):
            one.add(
                "tally-wrong", f"{definition.module.label}：条数统计不对", ["按负责人、部门、分公司的条数和实际不符"]
            )


def _stored_parts(db: sqlite3.Connection, definition: Definition) -> dict[derived.Part, int]:
    sql = "SELECT value, owner, department, branch, n FROM tally_part WHERE t = ? AND n <> 0"
    return {
        (value, owner, department, branch): n
        for value, owner, department, branch, n in db.execute(sql, (definition.name,))
    }


def _followers(one: Inspection) -> None:
    """What rows keep beside them of their parents follows from these: the lists of who sees only a part go by it."""
    for definition in one.filled:
        if definition.follow:
            wrong = (one.named(definition, id) for _, id, *_ in following.wrong(one.db, definition))
            one.add("follow-wrong", f"{definition.module.label}：数据范围不随所属记录", wrong)


def _aliases(one: Inspection) -> None:
    """Whom merged records mean follows from the links."""
    if not one.engine.registry.mergeable:
        return
    stored = {tuple(row) for row in one.db.execute("SELECT t, id, winner FROM alias_of")}
    known = set(one.engine.registry.mergeable)
    wrong = stored ^ aliases.all_roots(one.db, known)
    details = [one.named(one.engine.registry[module], id) for module, id, _ in sorted(wrong) if module in known]
    one.add("alias-wrong", "合并的记录指向不对", dict.fromkeys(details))


# ------------------------------------------------------- clocks, references


def _clocks(one: Inspection) -> None:
    tables = [*(d.name for d in one.engine.registry), *one.engine.registry.links]
    for table in tables:
        missing = one.db.execute(
            f"SELECT c.id FROM row_clock c WHERE c.t = ? AND NOT EXISTS (SELECT 1 FROM {table} t WHERE t.id = c.id)",
            (table,),
        )
        one.add("clock-alone", "有变更时钟，却没有记录", (f"{table} 的 {row[0]}" for row in missing.fetchall()))
    for definition in one.engine.registry.sent.values():
        details = (one.named(definition, id) for id in _without_clock(one.db, definition.name, f"AND NOT {_SHIPPED}"))
        one.add("row-unclocked", f"{definition.module.label}：记录没有变更时钟", details)
    for link in one.engine.registry.links:
        one.add("row-unclocked", "关联没有变更时钟", (f"{link} 的 {id}" for id in _without_clock(one.db, link)))
    _foreign_clocks(one, tables)


_SHIPPED = f"(t.created_by IS NULL AND t.created_at = '{SEEDED}')"
"""A row that came with this program or an earlier one, and that nobody has touched: it has no clock."""


def _without_clock(db: sqlite3.Connection, table: str, condition: str = "") -> list[str]:
    known = f"SELECT 1 FROM row_clock c WHERE c.t = '{table}' AND c.id = t.id"
    return [row[0] for row in db.execute(f"SELECT t.id FROM {table} t WHERE NOT EXISTS ({known}) {condition}")]


def _foreign_clocks(one: Inspection, tables: list[str]) -> None:
    known = {row[0] for row in one.db.execute("SELECT no FROM replica")}
    used = {row[0] for row in one.db.execute("SELECT DISTINCT r FROM row_clock")}
    one.add("clock-foreign", "变更时钟指向不认识的机器", [f"机器 {number}" for number in sorted(used - known)])
    named = {row[0] for row in one.db.execute("SELECT DISTINCT t FROM row_clock")}
    one.add("clock-foreign", "变更时钟属于不认识的表", sorted(named - set(tables)))


def _references(one: Inspection) -> None:
    for definition in one.filled:
        for name, ref in definition.fields.items():
            if isinstance(ref, Ref):
                one.add(
                    "reference-dangling",
                    f"{definition.module.label}：「{ref.label}」指向不存在的记录",
                    (one.named(definition, id) for id in _dangling(one.db, definition, name, ref)),
                )
    for link in one.engine.registry.links.values():
        _links(one, link)


def _dangling(db: sqlite3.Connection, definition: Definition, name: str, ref: Ref) -> list[str]:
    """Live rows whose reference leads to nothing; a deleted target is still there as a tombstone."""
    kinds = ref.target_by[1] if ref.target_by else {"": ref.target}
    found: list[str] = []
    for kind, target in kinds.items():
        of_kind = f" AND t.\"{ref.target_by[0]}\" = '{kind}'" if ref.target_by else ""
        sql = (
            f'SELECT t.id FROM {definition.name} t WHERE t.deleted_at IS NULL AND t."{name}" IS NOT NULL{of_kind} '
            f'AND NOT EXISTS (SELECT 1 FROM {target} x WHERE x.id = t."{name}")'
        )
        found += [row[0] for row in db.execute(sql)]
    return found


def _links(one: Inspection, link: Link) -> None:
    owner = one.engine.registry[link.owner]
    label = f"{owner.module.label}：「{owner.fields[link.field].label}」"
    for column, table, code, words in (
        ("record", link.owner, "link-alone", "有关联，却没有记录"),
        ("target", link.target, "reference-dangling", "指向不存在的记录"),
    ):
        sql = (
            f"SELECT l.id FROM {link.name} l WHERE l.deleted_at IS NULL "
            f"AND NOT EXISTS (SELECT 1 FROM {table} x WHERE x.id = l.{column})"
        )
        one.add(code, f"{label}{words}", (f"{link.name} 的 {row[0]}" for row in one.db.execute(sql).fetchall()))
    rows = one.db.execute(f"SELECT id, record, target FROM {link.name}")
    wrong = (f"{link.name} 的 {id}" for id, record, target in rows if link.id_of(record, target) != id)
    one.add("link-misnamed", f"{label}关联的编号不对", list(wrong))


# ------------------------------------------------------------ numbers, rules


def _numbers(one: Inspection) -> None:
    """Doubles are shown, never refused (T19); a counter behind its numbers would make new doubles."""
    for definition in one.filled:
        for name, number in definition.fields.items():
            if isinstance(number, Serial) or (name == "code" and number.unique):
                sql = (
                    f'SELECT "{name}", count(*) FROM {definition.name} c WHERE deleted_at IS NULL '
                    f"AND {aliases.not_merged(definition.name, 'c')} "
                    f'AND "{name}" IS NOT NULL GROUP BY "{name}" HAVING count(*) > 1'
                )
                doubles = [f"{code} 用了 {count} 次" for code, count in one.db.execute(sql)]
                one.add("number-double", f"{definition.module.label}：{number.label}重复", doubles, "note")
            if isinstance(number, Serial) and number.prefix and number.readonly:
                one.add("series-behind", "编号计数落后", _series_faults(one, definition, name, number.prefix))


def _series_faults(one: Inspection, definition: Definition, name: str, prefix: str) -> Iterator[str]:
    me = one.engine.applier.me(one.db)
    start = f"{prefix}{branch_code(one.db, me.branch)}{me.code}"
    # Codes with a suffix begin alike but go on with a letter.
    sql = (
        f'SELECT max(CAST(substr("{name}", {len(start) + 1}) AS INTEGER)) FROM {definition.name} '
        f"WHERE \"{name}\" GLOB '{start}[0-9]*' AND substr(\"{name}\", {len(start) + 1}) NOT GLOB '*[^0-9]*'"
    )
    highest = one.db.execute(sql).fetchone()[0] or 0
    last = one.db.execute(
        "SELECT last FROM number_series WHERE prefix = ? AND machine = ? AND part = ''",
        (prefix, start.removeprefix(prefix)),
    ).fetchone()
    if highest > (last[0] if last else 0):
        yield f"{definition.module.label}已用到 {start}{highest:05d}，计数还在 {last[0] if last else 0}"


def _rules(one: Inspection) -> None:
    """What saving would refuse today: a merge may leave it, a person puts it right (modules.md 0.4)."""
    for definition in one.filled:
        faults = [*_blanks(one, definition), *_misplaced(one, definition), *_circles(one, definition)]
        if definition.module.rules and one.count(definition.name) <= RULES_ROWS_MAX:
            faults += _rule_faults(one, definition)
        one.add("rule-broken", f"{definition.module.label}：不合规则", faults, "note")


def _blanks(one: Inspection, definition: Definition) -> Iterator[str]:
    for name, required in definition.fields.items():
        columns = required.columns(name)
        if required.required and len(columns) == 1 and not isinstance(required, Serial):
            sql = f'SELECT id FROM {definition.name} WHERE deleted_at IS NULL AND "{columns[0].name}" IS NULL'
            for (id,) in one.db.execute(sql).fetchall():
                yield f"{one.named(definition, id)}没有填写「{required.label}」"


def _misplaced(one: Inspection, definition: Definition) -> Iterator[str]:
    """References that must lead to a record of the same owner (the main contact is one of the customer's own)."""
    for name, ref in definition.fields.items():
        if not isinstance(ref, Ref) or not ref.depends or ref.target_by:
            continue
        for column, source in ref.depends.items():
            kinds = targets_of(one.engine.registry[ref.target].fields[column])
            belongs, owner = aliases.meant(kinds, f'x."{column}"'), aliases.meant(kinds, f't."{source}"')
            sql = (
                f'SELECT t.id FROM {definition.name} t JOIN {ref.target} x ON x.id = t."{name}" '
                f"WHERE t.deleted_at IS NULL AND x.deleted_at IS NULL AND {belongs} IS NOT {owner}"
            )
            for (id,) in one.db.execute(sql).fetchall():
                yield f"{one.named(definition, id)}的「{ref.label}」不属于它"


def _circles(one: Inspection, definition: Definition) -> Iterator[str]:
    parent = definition.module.parent
    if parent is None or targets_of(definition.fields[parent]) != (definition.name,):
        return
    above = dict(one.db.execute(f'SELECT id, "{parent}" FROM {definition.name} WHERE deleted_at IS NULL').fetchall())
    for id in above:
        seen, node = {id}, above[id]
        while node is not None and node not in seen:
            seen.add(node)
            node = above.get(node)
        if node == id:
            yield f"{one.named(definition, id)}的上级绕成了圈"


def _rule_faults(one: Inspection, definition: Definition) -> Iterator[str]:
    saving = Saving(one.engine, one.db, Principal("", everything=True), definition, system=True)
    numbers = [
        row[0] for row in one.db.execute(f"SELECT row FROM {definition.name} WHERE deleted_at IS NULL ORDER BY row")
    ]
    for start in range(0, len(numbers), _BATCH):
        for values in fetch(one.db, one.engine.registry, definition, numbers[start : start + _BATCH], None):
            for fault in saving.rule_faults(values["id"], None, values).values():
                yield f"{one.named(definition, values['id'])}：{fault}"
        one.advance(0)


# -------------------------------------------------------------------- the books


def documents_and_books(one: Inspection) -> None:
    """What documents show and what ledgers hold follows from the versions that count (modules.md 0.5)."""
    details: dict[tuple[str, str], list[str]] = {}
    for places in audit.batches(one.db, one.engine.registry):
        for amiss in audit.compare(one.db, one.engine.registry, places):
            for kind in _amiss_kinds(one, amiss):
                known = details.setdefault(kind, [])
                known.append(_amiss_words(one, amiss) if len(known) < NAMED_MAX else "")
        one.advance(len(places) * _DOCUMENT)
    for (code, title), found in details.items():
        one.add(code, title, found)
    for ledger in one.engine.registry.ledgers.values():
        _ledger(one, ledger)
    _beside_versions(one)


def _amiss_kinds(one: Inspection, amiss: audit.Amiss) -> Iterator[tuple[str, str]]:
    """Code and title, as far as a row speaks for itself: balances are summed up apart."""
    registry = one.engine.registry
    label = registry[amiss.table].module.label
    if amiss.table in registry.ledgers:
        yield "books-wrong", f"{label}：和单据不符"
    elif amiss.kind == "veil":
        yield "veil-wrong", f"{label}：合并值的存放不对"
    elif amiss.table in registry.veiled:
        yield "shown-wrong", f"{label}：显示的和单据内容不符"


def _amiss_words(one: Inspection, amiss: audit.Amiss) -> str:
    definition = one.engine.registry[amiss.table]
    noun = f"{definition.module.noun}「{amiss.row.get(definition.module.title) or amiss.id}」"
    if amiss.kind == "values":
        return f"{noun}的 {'、'.join(amiss.names)}"
    return f"{noun}{ {'missing': '缺少', 'extra': '多出', 'veil': ''}[amiss.kind] }"


def _ledger(one: Inspection, ledger: Ledger) -> None:
    registry = one.engine.registry
    moves = registry[ledger.moves]
    alone = (f"{moves.module.noun}「{number or id}」" for id, number in audit.alone(one.db, registry, ledger))
    one.add("entry-alone", f"{moves.module.label}：有{moves.module.noun}，却没有单据", alone)
    for balance in ledger.balances:
        kept = registry[balance.module].module
        wrong = audit.balances_amiss(one.db, registry, ledger, balance)
        details = (f"{kept.noun} {_balance_words(one, balance, found)}" for found in wrong)
        one.add("balance-wrong", f"{kept.label}：和{moves.module.label}的合计不符", details)


def _balance_words(one: Inspection, balance: Balance, found: balances.Sum) -> str:
    """Which balance it is: the titles of what it is kept for."""
    registry, words = one.engine.registry, []
    for name, value in zip(balance.keys, found.key, strict=True):
        targets = targets_of(registry[balance.module].fields[name])
        is_named = value is not None and len(targets) == 1
        words.append(one.named(registry[targets[0]], value) if is_named else str(value or "空"))
    return "、".join(words)


def _beside_versions(one: Inspection) -> None:
    registry = one.engine.registry
    for annex in sorted(registry.annexes):
        definition = registry[annex]
        # The version may wait at the server, not accepted yet: what the keeper wrote beside it came through.
        lost = (f"{definition.module.noun} {id}" for id in audit.annexes_alone(one.db, annex))
        one.add("annex-alone", f"{definition.module.label}：所属的单据版本还没有来", lost, "note")
    veils = (f"{table} 的 {id}" for table, id in audit.veils_alone(one.db, registry))
    one.add("veil-wrong", "合并值没有对应的记录", veils)


# -------------------------------------------------------------------- the files


def _files(one: Inspection) -> None:
    """Contents that were here and are not any more. A server that has them brings them back when they are opened."""
    if "attachment" not in one.engine.registry:
        return
    rows = one.db.execute(
        "SELECT a.file_name, a.module, a.record, a.sha256, a.size, b.uploaded FROM attachment a "
        "JOIN blob b ON b.sha256 = a.sha256 WHERE a.deleted_at IS NULL AND b.have = 1"
    )
    lost = [row for row in rows if not is_in(one.engine.db.path.parent / "files", Blob(row["sha256"], row["size"]))]
    for is_elsewhere, kind in ((0, "problem"), (1, "note")):
        words = "本机缺少附件的内容，打开时会从服务器下载" if is_elsewhere else "附件的内容不见了"
        found = (_file_words(one, row) for row in lost if row["uploaded"] == is_elsewhere)
        one.add("file-missing", words, found, kind)  # type: ignore[arg-type]


def _file_words(one: Inspection, row: sqlite3.Row) -> str:
    return f"「{row['file_name']}」，属于{one.named(one.engine.registry[row['module']], row['record'])}"


_PARTS: tuple[Callable[[Inspection], None], ...] = (
    _integrity, _guards, _chains, _rows, _aliases, _followers, tallies, _clocks, _references, _numbers, _rules,
    documents_and_books, _checksums, _parked, _files,
)  # fmt: skip
