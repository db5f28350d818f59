"""One save in progress: what a record becomes, whether it may, and the ops that say so. Decides; writes nothing."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar, cast

from sync_server.replication.changeset import Op, Scalar, value_hash

from ..errors import Confirm, Invalid, all_of
from . import aliases, settled, unlike
from . import query as q
from .access import Principal, actions, demand, scope_sql
from .apply import Me
from .define import Draft
from .engine import Engine
from .far_days import ASK as FAR_DAY
from .far_days import far_days
from .fields import Field, Mirror, OfFirstChild, PriceBeside, Ref, Refs, Serial
from .fields.moment import today
from .fields.serial import in_order
from .ids import derived_id, new_id
from .numbering import Series, draw, master_number, scheme_of
from .registry import Definition, Registry, targets_of
from .rows import Values, fetch, labels, living, living_one
from .settings import Setting, settings_of

Kind = TypeVar("Kind", bound=Field)

_FOUND_MAX = 2_000
"""Records a rule may look through."""
_COMING_MAX = _FOUND_MAX


@dataclass
class Saving:
    """Decides about records of one module inside the saving transaction, for one user.

    What it looks up is remembered, so saving ten thousand records that refer to the same one reads it once.
    `system` saves without rights (first start). `together` are records that are changed alike in one go (`given`) or
    deleted (None): rules find them as they will be, or each would pass for the sake of the others.
    """

    engine: Engine
    db: sqlite3.Connection
    principal: Principal
    definition: Definition
    system: bool = False
    together: frozenset[str] = frozenset()
    given: Values | None = None
    draws: bool = True
    """Whether new records get their numbers here; else whoever writes them draws them all at once."""
    adds_children: bool = False
    """Whether what is kept by children may also be given for a record that is there: it gets them in addition."""
    confirmed: Collection[str] | None = None
    """The doubts that whoever saves has said yes to; None: nobody is asked."""
    rests: dict[tuple[str, str], int | None] = field(default_factory=dict)
    """What was looked up, with its version (None: not there): while it stays so, what was decided holds."""
    asked: set[str] = field(default_factory=set)
    """Modules that rules looked through as a whole."""
    met: set[str] = field(default_factory=set)
    """Expected records that others refer to."""
    _known: dict[tuple[str, str], Values | None] = field(default_factory=dict)
    _reachable: dict[tuple[str, str], bool] = field(default_factory=dict)
    _faults: dict[tuple[str, str], str | None] = field(default_factory=dict)
    _coming: dict[str, Values] = field(default_factory=dict)
    _ahead: dict[tuple[str, str], Values] = field(default_factory=dict)
    """What ops that are not written yet make of records of other modules."""

    def beside(self, definition: Definition) -> "Saving":
        """For records of another module that are saved along with one of these: what one looks up, the other knows."""
        return replace(self, definition=definition, _faults={}, _coming={})

    def expect(self, id: str, new: Values) -> None:
        """A record of this module that will be there, though it is not written yet: references and rules find it."""
        self._coming[id] = {**new, "id": id}
        if len(self._coming) > _COMING_MAX:
            del self._coming[next(iter(self._coming))]

    def expect_of_others(self, ops: Iterable[Op]) -> None:
        """What ops that are not written yet make of records of other modules: they are found as they will be."""
        for op in ops:
            if op.kind == "upd" and op.table != self.definition.name:
                self._ahead.setdefault((op.table, op.id), {}).update(op.set)

    def is_foretold(self, op: Op) -> bool:
        """Whether an op was decided in the knowledge of what is to become of its row before."""
        return op.kind == "upd" and (op.table, op.id) in self._ahead

    def forget(self, *, keep_coming: bool = False) -> None:
        """What was looked up: so that memory stays flat over many records, and what was written is seen."""
        self._known.clear()
        self._reachable.clear()
        self._faults.clear()
        if not keep_coming:
            self._coming.clear()
            self._ahead.clear()

    # ------------------------------------------------------------- what it becomes

    @cached_property
    def defaults(self) -> Values:
        """What a new record starts with."""
        fields = self.definition.fields.items()
        return {name: default_of(self.engine, self.db, self.principal, one) for name, one in fields}

    def complete(self, old: Values | None, parsed: Values) -> Values:
        """The whole record after saving: old values or defaults, what was given, and what references copy in."""
        start = {name: old[name] for name in self.definition.fields if name in old} if old else self.defaults
        new = start | parsed
        for name, one in self.definition.fields.items() if old else self._filling:
            if isinstance(one, Ref) and one.copies and (old is None or old[name] != new[name]):
                self._copy(one, old, new, name, parsed)
            elif old and name not in parsed and self._has_moved(name, old, new):
                new[name] = self._is_free(one, new) if isinstance(one, Mirror) and old[name] else one.parse(None)
            elif not old and isinstance(one, Mirror) and one.first and name not in parsed:
                new[name] = self._is_first(one, new)
        return new

    @cached_property
    def _filling(self) -> Sequence[tuple[str, Field]]:
        """The fields of a new record that others give, or that fill others."""
        fields = ((name, self.definition.fields[name]) for name in self.definition.names_of(Mirror, Ref))
        return [(name, one) for name, one in fields if not isinstance(one, Ref) or one.copies]

    @cached_property
    def _pointing(self) -> frozenset[str]:
        """The fields that lead to other records."""
        return frozenset(self.definition.names_of(Ref, Refs))

    def _copy(self, one: Ref, old: Values | None, new: Values, name: str, parsed: Values) -> None:
        """What a person typed, a blank on purpose included, stays; what came from the old source follows the new."""
        target = self._target(one, new, new[name]) if new[name] else {}
        for here, there in one.copies.items():
            is_typed = here in parsed
            if old and not self.definition.fields[here].readonly:
                is_typed = is_typed or old[here] != self._gave(one, old[name], there)
            given = None if target is None else target.get(there)
            if given is None and here in one.kept:
                continue
            if target is not None and not is_typed and (old or target):
                new[here] = given

    def _gave(self, one: Ref, id: str | None, column: str) -> Scalar:
        """What a source gives, also one that is deleted by now."""
        for target in one.targets() if id else ():
            row = self.db.execute(f'SELECT "{column}" FROM {target} WHERE id = ?', (id,)).fetchone()
            if row:
                return row[0]  # type: ignore[no-any-return]
        return None

    def _has_moved(self, name: str, old: Values, new: Values) -> bool:
        """Whether what a field hangs on changed, so that its value no longer fits."""
        return any(old[source] != new[source] for source in self.definition.hanging.get(name, ()))

    def _is_first(self, one: Mirror, new: Values) -> bool:
        """Whether a new record is chosen by itself: where there is no other, and whoever saves it might choose. Among
        several without a chosen one nobody knows whether that is meant so."""
        module, id = self._parent_of(one, new) or ("", "")
        if not module or "edit" not in actions(self.principal, self.engine.registry[module]):
            return False
        parent = self.look(module, id) or {}
        fixed = self.engine.registry[module].module.fixed
        return not (fixed and parent.get(fixed)) and self._is_free(one, new) and not self._has_any(one, module, id)

    def _has_any(self, one: Mirror, module: str, id: str) -> bool:
        """Whether the parent has records of this module."""
        parents = json.dumps(aliases.all_of(self.db, module, id))
        sql = (
            f'SELECT 1 FROM {self.definition.name} WHERE "{one.parent}" IN (SELECT value FROM json_each(?)) '
            "AND deleted_at IS NULL LIMIT 1"
        )
        return self.db.execute(sql, (parents,)).fetchone() is not None

    def _is_free(self, one: Mirror, new: Values) -> bool:
        """Whether the parent names nobody yet."""
        module, id = self._parent_of(one, new) or ("", "")
        named = (self.look(module, id) or {}).get(one.names) if module else None
        if named is not None and self._ahead.get((module, id), {}).get(one.names) == named:
            return False
        return bool(module) and (named is None or self.look(self.definition.name, named) is None)

    # -------------------------------------------------------------- whether it may

    def check(
        self, id: str, old: Values | None, new: Values, parsed: Values, *, only_missing: bool = False
    ) -> None:  # fmt: skip
        """Raises `Invalid` with a message per field: required, references, then the module's rules. What is missing is
        told alone where some of what was given cannot be judged."""
        wrong: dict[str, str] = {}
        for name, one in self._checked:
            is_blank = new[name] is None or new[name] == []
            if old is None and (not one.required if is_blank else name not in self._pointing):
                continue
            is_drawn = isinstance(one, Serial) and one.prefix and old is None
            was_blank = old is not None and name not in parsed and old[name] is None
            if isinstance(one, OfFirstChild) and old is not None and self._is_for_new_only(parsed.get(name)):
                wrong[name] = f"「{one.label}」请在「{self.engine.registry[one.table].module.label}」里添加"
            elif one.required and is_blank and not is_drawn and not was_blank:
                wrong[name] = f"请填写「{one.label}」"
            elif one.stays_once and (kept := self._kept_fault(name, old, new)):
                wrong[name] = kept
            elif only_missing or is_blank or name not in self._pointing:
                continue
            elif old is None or old[name] != new[name] or self._has_moved(name, old, new):
                fault = self._reference_fault(id, name, one, old, new)
                if fault:
                    wrong[name] = fault
        if not only_missing and old is not None and self.definition.module.merges_alike:
            changed = [name for name in self.definition.module.merges_alike.split() if old[name] != new[name]]
            wrong |= dict(unlike.faults(self.db, self.engine.registry, self.definition, id, changed, new))
        if not only_missing:
            wrong = wrong or self.rule_faults(id, old, new) or self._mirror_faults(id, old, new)
        if wrong:
            raise Invalid(wrong)
        if self.confirmed is not None:
            self._ask(id, old, new, self.confirmed)

    def _ask(self, id: str, old: Values | None, new: Values, confirmed: Collection[str]) -> None:
        """Raises `Confirm` with what nobody has said yes to."""
        draft, asked = self._draft(id, old, new), dict[str, list[str]]()
        for doubts in self.definition.module.doubts:
            for doubt in doubts(draft):
                texts = asked.setdefault(doubt.name, [])
                texts += [] if doubt.message in texts else [doubt.message]
        if new_days := [text for _, text in far_days(self.definition.fields, old, new, today())]:
            asked[FAR_DAY] = new_days
        if questions := {name: all_of(texts) for name, texts in asked.items() if name not in confirmed}:
            raise Confirm(questions)

    @cached_property
    def _checked(self) -> Sequence[tuple[str, Field]]:
        """The fields of which anything is asked."""
        return [(name, self.definition.fields[name]) for name in self.definition.checked]

    def _is_for_new_only(self, given: Any) -> bool:
        return given is not None and not self.adds_children

    def _kept_fault(self, name: str, old: Values | None, new: Values) -> str | None:
        """Why a field stays as it is, if others rest on it."""
        if old is None or old[name] is None or old[name] == new[name]:
            return None
        self.asked.update(self.definition.fields[name].stays_once.split())
        return settled.faults(self.engine, self.db, self.principal, self.definition, old, [name], new).get(name)

    @cached_property
    def _by_itself(self) -> frozenset[str]:
        """The references about which nothing counts but what they lead to: one answer holds for many records."""
        own, fields = self.definition.name, self.definition.fields
        return frozenset(name for name in self._pointing if _hangs_on_nothing(fields[name], own))

    def _reference_fault(self, id: str, name: str, one: Field, old: Values | None, new: Values) -> str | None:
        """A new reference leads to a live record of the right kind that is in use and that the user may see."""
        if old is not None or name not in self._by_itself:
            return self._fault_of(id, name, one, old, new)
        known = name, str(new[name])
        if known not in self._faults:
            self._faults[known] = self._fault_of(id, name, one, old, new)
        return self._faults[known]

    def _fault_of(self, id: str, name: str, one: Field, old: Values | None, new: Values) -> str | None:
        assert isinstance(one, Ref | Refs)
        if isinstance(one, Refs):
            if lost := next((target for target in new[name] if self._target(one, new, target) is None), None):
                return f"「{one.label}」里有一项{self._why_not(one, new, lost)}"
            added = (target for target in new[name] if target not in ((old or {}).get(name) or ()))
            return next(filter(None, (self._retired_fault(one, new, target) for target in added)), None)
        module, target = self._found(one, new, new[name])
        is_kept_below = self.definition.module.scope == "follow" and self.definition.module.parent == name
        if target is None or (is_kept_below and not self._sees(module, new[name])):
            return f"「{one.label}」选的内容{self._why_not(one, new, new[name])}，请重新选择"
        if any(target.get(column) != value for column, value in one.where.items()):
            return f"「{one.label}」不能选这一条，请重新选择"
        for column, source in one.depends.items():
            if not self._is_same(one, column, target.get(column), id if source == "id" else new.get(source)):
                return f"「{one.label}」不属于这条记录，请重新选择"
        is_above = one.above or self.definition.module.parent == name
        if is_above and one.target == self.definition.name and self._is_below(name, new[name], id):
            return f"「{one.label}」不能选自己或自己的下级"
        return self._retired(one, new, module, target) if old is None or old[name] != new[name] else None

    def _is_same(self, one: Ref, column: str, stored: Scalar, wanted: Scalar) -> bool:
        """Whether a column of a reference's target says what it should; what was merged means its winner."""
        if stored == wanted or not isinstance(stored, str) or not isinstance(wanted, str):
            return stored == wanted
        kinds = {kind for name in one.targets() for kind in targets_of(self.engine.registry[name].fields[column])}
        return any(self.meant(kind, stored) == self.meant(kind, wanted) for kind in kinds)

    def meant(self, module: str, id: str) -> str:
        """The record that an id means."""
        return aliases.winner_of(self.db, module, id) if self.engine.registry[module].module.mergeable else id

    def _retired_fault(self, one: Ref | Refs, new: Mapping[str, Any], id: str) -> str | None:
        module, target = self._found(one, new, id)
        return self._retired(one, new, module, target)

    def _retired(self, one: Ref | Refs, new: Mapping[str, Any], module: str, target: Values | None) -> str | None:
        """What was taken out of use stays where it is and is not chosen anew, unless a field says so."""
        if isinstance(one, Ref) and (one.retired is True or (one.retired and new.get(one.retired))):
            return None
        about = self.engine.registry[module].module if module else None
        if about is None or target is None or not about.retire or not target[about.retire]:
            return None
        return f"「{one.label}」选的「{target[about.title]}」已停用，请换一个"

    def _target(self, one: Ref | Refs, new: Mapping[str, Any], id: str) -> Values | None:
        """The record a reference means; none if there is none or the user may not see it."""
        return self._found(one, new, id)[1]

    def _found(self, one: Ref | Refs, new: Mapping[str, Any], id: str) -> tuple[str, Values | None]:
        """The record a reference means, with its module."""
        for target in self._kinds(one, new):
            found = self.look(target, id)
            if found is not None and self._may_reach(target, id):
                return target, found
        return "", None

    @staticmethod
    def _kinds(one: Ref | Refs, new: Mapping[str, Any]) -> Sequence[str]:
        """The modules that a reference of this record may lead to."""
        if isinstance(one, Ref) and one.target_by:
            kind = str(new.get(one.target_by[0]))
            return (one.target_by[1][kind],) if kind in one.target_by[1] else ()
        return targets_of(one)

    def _why_not(self, one: Ref | Refs, new: Mapping[str, Any], id: str) -> str:
        """Why a reference leads nowhere. Of what is there and not for this user to see nothing is said but whose it is
        (as `elsewhere` does)."""
        module = next((target for target in self._kinds(one, new) if self.look(target, id) is not None), "")
        if not module:
            return "已不存在"
        definition = self.engine.registry[module]
        told = definition.module.scope == "owner" and self.principal.may("view", module)
        owner = str((self.look(module, id) or {}).get("owner") or "") if told else ""
        name = labels(self.db, self.engine.registry, definition, [{"owner": owner}]).get(owner, "")
        return "不在您能看的范围里" + (f"（由 {name} 负责）" if name else "")

    def _may_reach(self, module: str, id: str) -> bool:
        return is_shipped(self.engine.registry[module], self.look(module, id)) or self._sees(module, id)

    def _sees(self, module: str, id: str) -> bool:
        if self.system or self.principal.everything or self.engine.registry[module].module.lookup:
            return True
        if self._is_coming(module, id):
            return True
        if (module, id) not in self._reachable:
            definition = self.engine.registry[module]
            found = row_number(self.engine, self.db, self.principal, definition, id, deleted=False)
            self._reachable[module, id] = self._may_view(definition) and found is not None
        return self._reachable[module, id]

    def _may_view(self, definition: Definition) -> bool:
        """Lines are reached through their document: who sees it need not have the list of its lines."""
        header, _ = self.engine.registry.document_of.get(definition.name, (definition.name, ""))
        return self.principal.may("view", definition.name) or self.principal.may("view", header)

    def look(self, module: str, id: str) -> Values | None:
        """Values of a live record, unmasked; None when there is none."""
        if self._is_coming(module, id):
            self._coming[id] = self._coming.pop(id)  # what is asked for is kept longest
            self.met.add(id)
            return self._coming[id]
        if (module, id) not in self._known:
            found = look(self.engine, self.db, module, id)
            self._known[module, id], self.rests[module, id] = found, found["rev"] if found else None
        known, ahead = self._known[module, id], self._ahead.get((module, id))
        return known | ahead if known and ahead else known

    def foresee(self, module: str, ids: Iterable[str]) -> None:
        """Looks records up that will be asked for, all at once."""
        wanted = [id for id in dict.fromkeys(ids) if (module, id) not in self._known]
        rows = living(self.db, self.engine.registry, self.engine.definition(module), wanted)
        found = {row["id"]: row for row in rows}
        for id in wanted:
            row = found.get(id)
            self._known[module, id], self.rests[module, id] = row, row["rev"] if row else None

    def _is_coming(self, module: str, id: str) -> bool:
        return module == self.definition.name and id in self._coming

    def _find(self, module: str, columns: Mapping[str, Scalar]) -> list[dict[str, Any]]:
        self.asked.add(module)
        conditions = "".join(f' AND "{column}" = ?' for column in columns)
        if self.engine.registry[module].module.mergeable:
            conditions += f" AND {aliases.not_merged(module, module)}"
        sql = f"SELECT row FROM {module} WHERE deleted_at IS NULL{conditions} LIMIT {_FOUND_MAX}"
        numbers = [row[0] for row in self.db.execute(sql, tuple(columns.values()))]
        found = fetch(self.db, self.engine.registry, self.engine.definition(module), numbers, None)
        if module != self.definition.name:
            return found
        coming = islice(reversed(self._coming.values()), _FOUND_MAX)
        found += [row for row in coming if all(row.get(column) == value for column, value in columns.items())]
        return [later for later in map(self._as_will_be, found) if later is not None]

    def _as_will_be(self, row: Values) -> Values | None:
        if row["id"] not in self.together:
            return row
        return None if self.given is None else row | self.given

    def _is_below(self, name: str, node: str, top: str) -> bool:
        """Whether the way up from `node` through field `name` leads to `top`; UNION cuts a circle a merge closed."""
        self.asked.add(self.definition.name)
        sql = (
            f'WITH RECURSIVE up(id) AS (VALUES(?) UNION SELECT n."{name}" FROM {self.definition.name} n '
            f'JOIN up ON n.id = up.id WHERE n."{name}" IS NOT NULL) SELECT 1 FROM up WHERE id = ?'
        )
        return self.db.execute(sql, (node, top)).fetchone() is not None

    def rule_faults(self, id: str, old: Values | None, new: Values | None) -> dict[str, str]:
        """What the module's rules say, by field ("" is the whole record)."""
        if not self.definition.module.rules and not self.definition.module.fixed:
            return {}
        draft = self._draft(id, old, new)
        faults: dict[str, str] = {}
        module = self.definition.module
        if old and module.fixed and old[module.fixed]:
            faults[""] = f"「{old[module.title]}」是系统自带的，不能修改或删除"
        for rule in module.rules:
            for fault in rule(draft):
                faults.setdefault(fault.field or "", fault.message)
        return faults

    def _draft(self, id: str, old: Values | None, new: Values | None) -> Draft:
        name, operator = self.definition.name, self.principal.operator
        return Draft(name, id, old, new, self.look, self._find, operator, self.meant, self._label)

    def _label(self, field: str) -> str:
        return self.definition.fields[field].label

    # --------------------------------------------------------------------- the ops

    def ops(self, id: str, old: Values | None, new: Values, sent: Mapping[str, Scalar] | None = None) -> list[Op]:
        """The difference: an op for the row, one per link added or taken out, and what the parents name. `sent` are
        the columns of `new` that travel, for who has them already."""
        columns = sent_columns(self.definition, new) if sent is None else dict(sent)
        born = list(self._born(id, new))
        named = {one.names: child.id for one, child in reversed(born)}
        if old is None:
            filled = {name: value for name, value in columns.items() if value is not None} | named
            ops = [Op(self.definition.name, id, "ins", filled | self._drawn(filled))]
        else:
            columns |= {name: child for name, child in named.items() if old[name] is None}
            ops = _update_op(self.definition, id, sent_columns(self.definition, old), columns)
        ops += [child for _, child in born]
        for name, link in self.definition.links.items():
            before, now = set((old or {}).get(name) or ()), set(new[name] or ())
            ops += [Op(link.name, link.id_of(id, t), "ins", {"record": id, "target": t}) for t in sorted(now - before)]
            ops += [Op(link.name, link.id_of(id, t), "del") for t in sorted(before - now)]
        ops += [*self._left_behind(id, old, new), *self._mirror_ops(id, old, new)]
        return [*ops, *self._beside_ops(id, old, new)]

    def _born(self, id: str, new: Values) -> Iterator[tuple[OfFirstChild, Op]]:
        """The children that keep what was typed with a record."""
        for name, one in self._kept_by_children:
            for value in one.each(new.get(name)):
                demand(self.principal, "add", self.engine.registry[one.table])
                branch = {"branch": self._me[0].branch} if self._me[0].branch else {}
                yield one, Op(one.table, new_id(), "ins", {one.by: id, one.kept: value} | branch)

    @cached_property
    def _kept_by_children(self) -> Sequence[tuple[str, OfFirstChild]]:
        return self._of_kind(OfFirstChild)

    def _of_kind(self, kind: type[Kind]) -> Sequence[tuple[str, Kind]]:
        return [(name, cast(Kind, self.definition.fields[name])) for name in self.definition.names_of(kind)]

    def _left_behind(self, id: str, old: Values | None, new: Values) -> Iterator[Op]:
        """Records of the same kind that pointed here because both had one parent, when this one moves away."""
        for incoming in self.definition.incoming if old else ():
            one, field = incoming.ref, incoming.field
            if incoming.definition is not self.definition or not isinstance(one, Ref) or not one.depends:
                continue
            if all((old or {}).get(here) == new.get(here) for here in one.depends):
                continue
            sql = f'SELECT id FROM {self.definition.name} WHERE "{field}" = ? AND deleted_at IS NULL'
            for (other,) in self.db.execute(sql, (id,)).fetchall():
                if other not in self.together:
                    yield Op(self.definition.name, other, "upd", {field: None}, {field: value_hash(id)})

    @cached_property
    def _me(self) -> tuple[Me, str]:
        """This machine, and the code of its branch."""
        me = self.engine.applier.me(self.db)
        return me, branch_code(self.db, me.branch)

    def _drawn(self, given: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """The numbers of a new record, and its branch."""
        me, branch = self._me
        extra: dict[str, Scalar] = {}
        for name, one in self._serials:
            if self.draws and one.prefix and not given.get(name):
                extra[name] = self._number(name, one, given, me.code, branch)
        if "branch" not in self.definition.fields and me.branch:
            extra["branch"] = me.branch
        return extra

    def _number(self, name: str, one: Serial, given: Mapping[str, Scalar], machine: str, branch: str) -> str:
        if not one.dated:
            return free_number(self.db, self.definition, name, machine, branch)
        return _dated_number(self.engine, self.db, one, given, machine, branch)

    def draw_numbers(self, new: Values) -> None:
        """Gives a new record its numbers before its ops are made, for whoever needs them in other rows."""
        columns = columns_of(self.definition, new)
        drawn = self._drawn({name: value for name, value in columns.items() if value is not None})
        new.update((name, value) for name, value in drawn.items() if name in self.definition.fields)

    def next_number(self, given: Mapping[str, Scalar]) -> str:
        """Draws the number of a document of this module, for whoever keeps it elsewhere."""
        name, one = next((name, one) for name, one in self._serials if one.dated)
        me, branch = self._me
        return self._number(name, one, given, me.code, branch)

    def grant(self, module: str, id: str, values: Values) -> None:
        """A record of another module that will be there: references find it."""
        self._known[module, id], self._reachable[module, id] = {**values, "id": id}, True

    def _mirror_ops(self, id: str, old: Values | None, new: Values) -> list[Op]:
        """A mirror is kept by the parent: ticking it, or moving to another parent, changes what the parents name."""
        return [
            op for _, one, parent, named in self._namings(id, old, new) for op in self._naming_op(one, parent, named)
        ]

    def _namings(
        self, id: str, old: Values | None, new: Values
    ) -> Iterator[tuple[str, Mirror, tuple[str, str], str | None]]:
        """(field, mirror, parent, whom it is to name) for every parent that a save changes."""
        for name, one in self._mirrors:
            before = (self._parent_of(one, old), bool(old[name])) if old else (None, False)
            now = (self._parent_of(one, new), bool(new[name]))
            if before == now:
                continue
            if before[0] is not None and before[1]:
                yield name, one, before[0], None
            if now[0] is not None and now[1]:
                yield name, one, now[0], id

    @cached_property
    def _mirrors(self) -> Sequence[tuple[str, Mirror]]:
        return self._of_kind(Mirror)

    def _mirror_faults(self, id: str, old: Values | None, new: Values) -> dict[str, str]:
        """What the rules of a parent say to being changed through a mirror."""
        for name, one, (module, parent), named in self._namings(id, old, new):
            row = self.look(module, parent)
            if row is None or row.get(one.names) == named:
                continue
            saving = Saving(self.engine, self.db, self.principal, self.engine.registry[module], self.system)
            saving._known[self.definition.name, id] = {**(old or {}), **new, "id": id}  # as it will be, not as it is
            faults = saving.rule_faults(parent, row, row | {one.names: named})
            if faults:
                return {name: next(iter(faults.values()))}
        return {}

    def _parent_of(self, one: Mirror, values: Values) -> tuple[str, str] | None:
        """(module, id) of the parent, if it is of a kind that names one of its records."""
        ref = self.definition.fields[one.parent]
        if not isinstance(ref, Ref) or not values[one.parent]:
            return None
        module = ref.target_by[1].get(str(values[ref.target_by[0]])) if ref.target_by else ref.target
        return (module, self.meant(module, values[one.parent])) if module in one.targets else None

    def _naming_op(self, one: Mirror, parent: tuple[str, str], id: str | None) -> list[Op]:
        module, parent_id = parent
        demand(self.principal, "edit", self.engine.registry[module])
        row = self.db.execute(f'SELECT "{one.names}" FROM {module} WHERE id = ?', (parent_id,)).fetchone()
        named = self._ahead.get((module, parent_id), {}).get(one.names, row and row[0])
        if row is None or named == id:
            return []
        return [Op(module, parent_id, "upd", {one.names: id}, {one.names: value_hash(named)})]

    @cached_property
    def _kept_beside(self) -> Sequence[tuple[str, PriceBeside]]:
        return self._of_kind(PriceBeside)

    @cached_property
    def _serials(self) -> Sequence[tuple[str, Serial]]:
        return self._of_kind(Serial)

    def _beside_ops(self, id: str, old: Values | None, new: Values) -> Iterator[Op]:
        """Prices that are kept in a row of their own beside the record."""
        for name, one in self._kept_beside:
            if (old or {}).get(name) == new.get(name):
                continue
            row_id = derived_id(f"{one.table}:{id}", "")
            sql = f'SELECT "{one.kept}" FROM {one.table} WHERE id = ?'
            known = self.db.execute(sql, (row_id,)).fetchone()
            if known is not None:
                yield Op(one.table, row_id, "upd", {one.kept: new[name]}, {one.kept: value_hash(known[0])})
                continue
            about = {one.by: id, one.kept: new[name], "name": str(new[self.definition.module.title] or "")}
            branch = self._me[0].branch
            yield Op(one.table, row_id, "ins", about | ({"branch": branch} if branch else {}))


def series_of(registry: Registry, one: Serial, kind: str, branch: str, machine: str) -> Series:
    """The series that documents of a kind are numbered by."""
    prefix = one.prefixes.get(kind, one.prefix)
    places = (
        (module, name, each.sort_column(name))
        for module in registry.documents
        for name, each in registry[module].fields.items()
        if isinstance(each, Serial) and each.dated and prefix in (each.prefix, *each.prefixes.values())
    )
    return Series(tuple(places), prefix, branch, machine)


def drawn_number(engine: Engine, db: sqlite3.Connection, one: Serial, given: Mapping[str, Scalar]) -> str:
    """The number of a new document, drawn, for whoever writes what was decided without it."""
    me = engine.applier.me(db)
    return _dated_number(engine, db, one, given, me.code, branch_code(db, me.branch))


def _dated_number(
    engine: Engine, db: sqlite3.Connection, one: Serial, given: Mapping[str, Scalar], machine: str, branch: str
) -> str:
    series = series_of(engine.registry, one, str(given.get(one.by)), branch, machine)
    return series.draw(db, scheme_of(settings_of(db)), str(given.get(one.dated) or today()))


def free_number(db: sqlite3.Connection, definition: Definition, name: str, machine: str, branch: str) -> str:
    """The next number of a series that nobody typed by hand before it was drawn."""
    one = definition.fields[name]
    assert isinstance(one, Serial)
    sql = f'SELECT 1 FROM {definition.name} WHERE "{one.sort_column(name)}" = ? AND deleted_at IS NULL'
    while True:
        number = master_number(one.prefix, branch, machine, draw(db, one.prefix, branch, machine))
        if one.readonly or db.execute(sql, (in_order(number),)).fetchone() is None:
            return number


def _hangs_on_nothing(one: Field, module: str) -> bool:
    """Whether no other field, nor a record that is not there yet, has a say in a reference."""
    if isinstance(one, Ref) and (one.target_by or one.depends or isinstance(one.retired, str)):
        return False
    return module not in targets_of(one)


def look(engine: Engine, db: sqlite3.Connection, module: str, id: str) -> Values | None:
    """Values of a live record, unmasked; None when there is none."""
    return living_one(db, engine.registry, engine.definition(module), id)


def is_shipped(definition: Definition, row: Mapping[str, Any] | None) -> bool:
    """Whether a record ships with the program: whoever may use what refers to it may refer to it (`reach_sql`)."""
    return bool(row and definition.module.fixed and row[definition.module.fixed])


def row_number(
    engine: Engine,
    db: sqlite3.Connection,
    principal: Principal,
    definition: Definition,
    id: str,
    *,
    deleted: bool | None,
) -> int | None:
    """The row of a record in the user's scope, live, deleted or (None) either; None when there is none."""
    scope = scope_sql(engine.registry, definition, principal, q.T)
    life = {None: "1", True: f"{q.T}.deleted_at IS NOT NULL", False: f"{q.T}.deleted_at IS NULL"}[deleted]
    condition = f" AND {scope.text}" if scope else ""
    found = db.execute(
        f"SELECT {q.T}.row FROM {definition.name} {q.T} WHERE {q.T}.id = ? AND {life}{condition}",
        (id, *(scope.params if scope else ())),
    ).fetchone()
    return found[0] if found else None


def default_of(engine: Engine, db: sqlite3.Connection, principal: Principal, one: Field) -> Any:
    """The default of a field: fixed, a setting, `today`, `me`, or the entry of a dictionary marked as default."""
    if isinstance(one, Refs):
        return []
    if isinstance(one.default, Setting):
        return settings_of(db)[one.default]
    if one.default == "today":
        return today()
    if one.default == "me":
        return principal.employee
    if one.default == "default" and isinstance(one, Ref):
        return _default_entry(engine, db, one)
    return one.default


def _default_entry(engine: Engine, db: sqlite3.Connection, one: Ref) -> str | None:
    """Of several marked as default the one set last counts (modules.md 0.4)."""
    conditions = "".join(f' AND "{column}" = ?' for column in one.where)
    retire = engine.registry[one.target].module.retire
    conditions += f' AND COALESCE("{retire}", 0) = 0' if retire else ""
    row = db.execute(
        f"SELECT id FROM {one.target} WHERE is_default = 1 AND deleted_at IS NULL{conditions} ORDER BY "
        f"updated_at DESC, row LIMIT 1",
        tuple(one.where.values()),
    ).fetchone()
    return row[0] if row else None


def sent_columns(definition: Definition, values: Mapping[str, Any]) -> dict[str, Scalar]:
    """Values as the columns that travel hold them."""
    return _stored(definition, values, definition.sent_alike, definition.sent_apart)


def columns_of(definition: Definition, values: Mapping[str, Any]) -> dict[str, Scalar]:
    """Values as their columns hold them."""
    return _stored(definition, values, definition.stored_alike, definition.stored_apart)


def _stored(
    definition: Definition, values: Mapping[str, Any], alike: Sequence[str], apart: Sequence[str]
) -> dict[str, Scalar]:
    """`alike` are the fields whose columns hold their value as it is."""
    try:
        stored: dict[str, Scalar] = dict(zip(alike, map(values.__getitem__, alike), strict=True))
    except KeyError:  # only whole records have them all
        stored = {name: values[name] for name in alike if name in values}
    for name in apart:
        one = definition.fields[name]
        if name in values and not (one.write_only and isinstance(values[name], bool)):
            stored.update(one.store(name, values[name]))
    return stored


def _update_op(definition: Definition, id: str, old: Mapping[str, Scalar], new: Mapping[str, Scalar]) -> list[Op]:
    changed = {name for name, value in new.items() if old.get(name) != value}
    units = {definition.unit_of[name] for name in changed}
    names = [name for name in definition.column_names if definition.unit_of[name] in units]  # a unit moves as one
    if not changed:
        return []
    sets = {name: new.get(name, old.get(name)) for name in names}
    return [Op(definition.name, id, "upd", sets, {name: value_hash(old.get(name)) for name in sets})]


def branch_code(db: sqlite3.Connection, branch: str | None) -> str:
    """The two characters of this machine's branch inside numbers."""
    row = db.execute("SELECT code FROM branch WHERE id = ?", (branch,)).fetchone()
    return str(row[0]) if row and row[0] else "00"
