"""The chain of versions that a document becomes once it is posted, and which of them counts. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from sync_server.replication.clock import Dot

from ..canonical import canonical
from ..columns import filled
from ..define import Module
from ..fields import Enum, Int, LongText, Ref, Text
from .declare import Columns, Sheet

TABLE = "document_version"

_RANK = {"posted": 1, "cancelled": 2}


def modules_of(modules: Sequence[Module]) -> tuple[Module, ...]:
    """The table of versions, declared like any other, so that it replicates like any other."""
    documents = [module for module in modules if module.document]
    if not documents:
        return ()
    kinds = {module.name: module.name for module in documents}
    return (
        Module(
            name=TABLE,
            label="单据版本",
            noun="版本",
            chapter=documents[0].chapter,
            menu=False,
            search=False,
            sought=False,
            writable=False,
            title="number",
            scope="follow",
            parent="document",
            fields=dict(
                number=Text("单据编号", max_length=60),
                module=Text("模块", max_length=64),
                document=Ref("单据", target_by=("module", kinds), required=True, index=True),
                base=Text("改自", max_length=32),
                cause=Text("起因", max_length=32),
                version=Int("版本", min=1),
                state=Enum("状态", {"posted": "已过账", "cancelled": "已作废"}),
                reason=Text("原因"),
                body=LongText("内容"),
                # Somebody decided about a version that lost: 1 what counts stays, 2 it was taken up again.
                answered=Int("已处理", merge="max"),
            ),
            columns="number version state reason",
            sort="number",
        ),
    )


@dataclass(frozen=True)
class Version:
    """One row of `document_version`, and the stamp it has."""

    id: str
    dot: Dot
    at: str
    by: str
    machine: str
    base: str | None
    cause: str | None
    version: int
    state: str
    reason: str | None
    body: str
    answered: int = 0

    @staticmethod
    def of(row: Mapping[str, Any], dot: Dot) -> Version:
        return Version(
            row["id"], dot, row["created_at"], row["created_by"], row["machine"], row["base"], row["cause"],
            row["version"] or 0, row["state"] or "posted", row["reason"], row["body"] or "{}", row["answered"] or 0,
        )  # fmt: skip

    @property
    def place(self) -> tuple[int, int, int, str]:
        """Of several the greatest counts: a cancelled one above all, then the later version, then the later stamp."""
        return _RANK.get(self.state, 0), self.version, self.dot.hlc, self.dot.replica

    @cached_property
    def said(self) -> Mapping[str, Any]:
        """The body: header, lines, and the dates it is booked by."""
        try:
            found = orjson.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def sheet(self) -> Sheet:
        return Sheet(dict(self.said.get("header", {})), [dict(line) for line in self.said.get("lines", ())])


def body_of(sheet: Sheet, **more: str | Columns) -> str:
    """The frozen text of a version."""
    return canonical({"header": sheet.header, "lines": list(sheet.lines), **more}).decode()


@dataclass(frozen=True)
class Chain:
    """All versions of a document. `winner` counts; `shown` is the one whose content is shown: of a cancelled document
    the one that was cancelled."""

    versions: tuple[Version, ...]

    @staticmethod
    def of(versions: Iterable[Version]) -> Chain:
        return Chain(tuple(sorted(versions, key=lambda one: one.place)))

    @cached_property
    def winner(self) -> Version:
        return self.versions[-1]

    @cached_property
    def _by_id(self) -> Mapping[str, Version]:
        return {one.id: one for one in self.versions}

    @cached_property
    def shown(self) -> Version:
        base = self._by_id.get(self.winner.base or "") if self.winner.state == "cancelled" else None
        return base or self.winner

    @property
    def is_whole(self) -> bool:
        """Whether the content is here: a cancellation may come before what it cancels."""
        return self.shown.state != "cancelled"

    @cached_property
    def line(self) -> tuple[Version, ...]:
        """The winner and what it goes back to, latest first."""
        found, one = [], self.winner
        while one not in found:
            found.append(one)
            one = self._by_id.get(one.base or "", one)
        return tuple(found)

    @property
    def first(self) -> Version:
        """The first posting that the winner goes back to."""
        return self.line[-1]

    @property
    def lost(self) -> tuple[Version, ...]:
        """Versions that do not count, though somebody meant them to: apart from what the winner goes back to, and from
        other cancellations of a document that is cancelled."""
        mine = set(self.line)
        return tuple(
            one
            for one in self.versions
            if one not in mine and not (one.state == "cancelled" and self.winner.state == "cancelled")
        )


def frozen(columns: Columns, names: Container[str]) -> Columns:
    """The columns that a body keeps: those with a value."""
    return filled(columns, names)
