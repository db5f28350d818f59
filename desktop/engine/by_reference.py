"""A list in the order of what one of its references shows, as a walk: the records referred to come in their order, and
each brings the rows that refer to it. Nothing is sorted but what was deleted or merged; a page ends the walk.

Rows that refer to nothing come first (last descending), then those whose record is not there. Pure: gives a statement.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from . import aliases
from . import query as q
from .fields import Ref, Sql
from .registry import Definition, Registry
from .schema import index_name


@dataclass(frozen=True)
class Walk:
    """What is walked: the rows of a selection in the order of one reference that has an index."""

    registry: Registry
    selection: q.Selection
    key: q.Key
    few_targets: bool = False
    """Whether there are so few records to refer to that each value of the column is looked for by itself."""

    @property
    def one(self) -> Ref:
        assert self.key.reference is not None
        return self.key.reference

    @property
    def down(self) -> str:
        return " DESC" if self.key.descending else ""

    def sql(self) -> Sql:
        """Row numbers; a limit is for the caller to add."""
        parts = [self._blank(), self._rows_of(self._lost()), self._rows_of(self._shown())]
        if self.key.descending:
            parts.reverse()
        return Sql(" UNION ALL ".join(part.text for part in parts), tuple(p for part in parts for p in part.params))

    def _table(self, alias: str) -> str:
        table = self.selection.definition.name
        return f"{table} {alias} INDEXED BY {index_name(table, str(self.key.index))}"

    def _blank(self) -> Sql:
        where = self.selection.where_walked()
        text = f'SELECT {q.T}.row FROM {self._table(q.T)} WHERE {where.text} AND {q.T}."{self.key.name}" IS NULL'
        return Sql(text, where.params)

    def _rows_of(self, ids: str) -> Sql:
        """The rows that refer to records, which come in order.

        CROSS JOIN fixes the order of the loops. That an id is not blank is always so; told that it is unlikely, SQLite
        does without a filter for which it would read the whole index before the first row.
        """
        where = self.selection.where_walked()
        text = (
            f"SELECT {q.T}.row FROM ({ids}) d CROSS JOIN {self._table(q.T)} "
            f'ON {q.T}."{self.key.name}" = d.id'
            f" AND likelihood(d.id <> '', 0.00001) WHERE {where.text}"
        )
        return Sql(text, where.params)

    # ------------------------------------------------------------------------------------------- records that show

    def _shown(self) -> str:
        """Their ids in order. Each part comes sorted, so they are merged as they come; the limit keeps SQLite from
        dropping the order."""
        every = " UNION ALL ".join(part for name in self.one.targets() for part in self._of(self.registry[name]))
        return f"SELECT id FROM ({every} ORDER BY shown{self.down}, id{self.down} LIMIT -1)"

    def _of(self, target: Definition) -> Iterator[str]:
        """The living by their index, and the deleted, which it does not know; what was merged stands where its winner
        does."""
        order, itself = q.target_order(target), self._itself(target)
        column = order.removeprefix("t.")
        hint = f" INDEXED BY {index_name(target.name, column)}" if column in target.sort_index.values() else ""
        chosen = f"SELECT t.id AS id, {order} AS shown FROM {target.name} t"
        yield f"{chosen}{hint} WHERE t.deleted_at IS NULL{itself}"
        if not self.one.loose:
            yield f"{chosen} WHERE t.deleted_at IS NOT NULL{itself}"
        if self._is_aliased(target):
            alive = " AND t.deleted_at IS NULL" if self.one.loose else ""
            yield (
                f"SELECT a.id AS id, {order} AS shown FROM alias_of a CROSS JOIN {target.name} t ON t.id = a.winner"
                f"{alive} WHERE a.t = '{target.name}'"
            )

    def _is_aliased(self, target: Definition) -> bool:
        return target.name in self.selection.aliased

    def _itself(self, target: Definition) -> str:
        return f" AND NOT {aliases.is_merged(target.name, 't.id')}" if self._is_aliased(target) else ""

    # --------------------------------------------------------------------------------------------- records not there

    def _lost(self) -> str:
        """Ids that rows refer to and that show nothing, in their order: two sorted lists are laid side by side, which
        costs a third of looking every id up."""
        values = self._few_values() if self.few_targets else self._every_value()
        targets = [self.registry[name] for name in self.one.targets()]
        known = [f"SELECT id FROM {target.name}" for target in targets]
        known += [
            f"SELECT id FROM alias_of WHERE t = '{target.name}'" for target in targets if self._is_aliased(target)
        ]
        unshown = [part for target in targets for part in self._unshown(target)]
        every = " UNION ".join([" EXCEPT ".join([values, *known]), *unshown])
        return f"SELECT id FROM ({every} ORDER BY id{self.down} LIMIT -1)"

    def _unshown(self, target: Definition) -> Iterator[str]:
        """Records that are known, but show nothing: to a loose reference the deleted; what was merged into one that is
        not there."""
        if self.one.loose:
            yield f"SELECT t.id FROM {target.name} t WHERE t.deleted_at IS NOT NULL{self._itself(target)}"
        if self._is_aliased(target):
            alive = " AND t.deleted_at IS NULL" if self.one.loose else ""
            there = f"EXISTS (SELECT 1 FROM {target.name} t WHERE t.id = a.winner{alive})"
            yield f"SELECT a.id FROM alias_of a WHERE a.t = '{target.name}' AND NOT {there}"

    def _every_value(self) -> str:
        column = f'x."{self.key.name}"'
        return f"SELECT {column} AS id FROM {self._table('x')} WHERE x.deleted_at IS NULL AND {column} IS NOT NULL"

    def _few_values(self) -> str:
        """The same, from each value straight to the next."""
        column = f'x."{self.key.name}"'
        least = f"SELECT min({column}) FROM {self._table('x')} WHERE x.deleted_at IS NULL AND {column}"
        return (
            f"SELECT id FROM (WITH RECURSIVE v(id) AS ({least} IS NOT NULL UNION ALL SELECT ({least} > v.id) FROM v "
            "WHERE v.id IS NOT NULL) SELECT id FROM v WHERE id IS NOT NULL)"
        )
