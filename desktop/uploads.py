"""Files that somebody wants to import: each in a private folder of its own under the data folder until it was imported
or left, at the latest until the program ends."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

from .engine.access import Principal
from .engine.engine import Engine
from .engine.ids import new_id
from .engine.imports import documents, running, tables
from .engine.imports.judging import Counts, Judge, Plan, check_plan
from .engine.imports.matching import columns_of, demand_import, fields_for, head_row, keys_for, remember, remembered
from .engine.imports.sheets import error_file
from .engine.imports.staging import Lines, read_rows, write_rows
from .engine.imports.survey import counts_from_1904
from .engine.imports.tables import Row
from .engine.imports.undoing import Undone
from .engine.imports.writing import Choices, Commit, Done
from .engine.registry import Definition
from .errors import BadRequest, NotFound, TooLarge
from .files import make_private, open_private

Progress = Callable[[int, int], None]

_BLOCK = 1 << 16
_KEPT = 10
_PREVIEW_ROWS = 200
_SHOWN_ROWS = 30
_TOO_LARGE = f"文件太大，一次最多 {tables.BYTES_MAX // 2**20} MB，请分成几个文件导入"


@dataclass
class Upload:
    """One file on its way into a module. `lock` keeps its steps apart: two windows may show the same one."""

    module: str
    owner: str
    name: str
    folder: Path
    id: str = field(default_factory=new_id)
    kind: tables.Kind = "csv"
    sheets: list[tables.Sheet] = field(default_factory=list)
    plan: Plan | None = None
    counts: Counts | None = None
    heads: list[str] = field(default_factory=list)
    done: Done | None = None
    stayed: Undone | None = None
    """Of a commit that was stopped or failed: what of it could not be taken back."""
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def file(self) -> Path:
        return self.folder / "file"

    @property
    def judged(self) -> Lines:
        return self._judged

    def __post_init__(self) -> None:
        self._judged = Lines(self.folder / "judged.jsonl")

    def public(self) -> dict[str, Any]:
        return {
            "id": self.id, "module": self.module, "name": self.name, "kind": self.kind,
            "sheets": [{"name": sheet.name, "hidden": sheet.hidden} for sheet in self.sheets],
        }  # fmt: skip

    # ------------------------------------------------------------------ looking

    def rows_of(self, sheet: str) -> Path:
        """The rows of a sheet as lines; read from the spreadsheet the first time."""
        names = [one.name for one in self.sheets]
        if sheet not in names:
            raise NotFound("文件里没有这张表")
        target = self.folder / f"rows-{names.index(sheet)}.jsonl"
        with self.lock:
            if not target.exists():
                write_rows(target, tables.rows(self.file, self.kind, sheet))
        return target

    def inspect(self, engine: Engine, principal: Principal, sheet: str | None, head: int | None) -> dict[str, Any]:
        """What the file holds, and what its columns are taken for."""
        definition = engine.definition(self.module)
        fields = fields_for(principal, definition)
        chosen, rows = self._first_with_rows(sheet)
        head = head or head_row(rows, fields)
        heads = columns_of(rows, head, fields, {}).heads
        columns = columns_of(rows, head, fields, remembered(engine, self.module, heads))
        return self.public() | {
            "sheet": chosen,
            "head": head,
            "rows": [{"number": number, "cells": columns_of([(number, cells)], number, {}, {}).heads}
                     for number, cells in rows[:_SHOWN_ROWS]],
            "columns": columns.public(),
            "fields": [{"name": name, "label": one.label, "required": one.required and one.default is None,
                        "help": one.help} for name, one in fields.items()],
            "keys": keys_for(fields),
        }  # fmt: skip

    def _first_with_rows(self, sheet: str | None) -> tuple[str, list[Row]]:
        """The sheet asked for, else the first visible one that holds anything."""
        visible = [one.name for one in self.sheets if not one.hidden] or [one.name for one in self.sheets]
        for name in [sheet] if sheet is not None else visible:
            rows = list(islice(read_rows(self.rows_of(name)), _PREVIEW_ROWS))
            if rows:
                return name, rows
        raise BadRequest("这张表是空的，请换一张表" if sheet is not None else "文件里没有内容，请重新选择")

    # -------------------------------------------------------------------- steps

    def prepare(
        self, engine: Engine, principal: Principal, sheet: str, head: int, fields: Sequence[str], key: str
    ) -> None:  # fmt: skip
        """Takes the plan of a dry run; raises for one that cannot be carried out."""
        self._refuse_done()
        definition = engine.definition(self.module)
        rows = list(islice(read_rows(self.rows_of(sheet)), _PREVIEW_ROWS))
        heads = columns_of(rows, head, {}, {}).heads
        columns = {index: name for index, name in enumerate(fields[: len(heads)]) if name}
        is_old = self.kind == "xlsx" and counts_from_1904(self.file)
        plan = check_plan(principal, definition, Plan(columns, head, key, is_old))
        self.plan, self.heads, self.counts, self._sheet = plan, heads, None, sheet
        remember(engine, self.module, heads, fields)

    def judge(self, engine: Engine, principal: Principal, progress: Progress) -> Counts:
        """The dry run, after what still is to come into the module: else it would not be found there."""
        plan, rows = self._planned(), self.rows_of(self._sheet)
        with engine.db.read() as db:
            must_wait = running.is_under_way(db, self.module)
        if must_wait:
            with running.turn(engine, progress):
                pass
        with self.lock:
            definition = engine.definition(self.module)
            made = documents.Judge if definition.module.document else Judge
            judge = made(engine, principal, definition, plan, rows, self.judged)
            self.counts = judge.run(progress)
            return self.counts

    def write(self, engine: Engine, principal: Principal, choices: Choices, progress: Progress) -> Done:
        """The commit, once. One that was stopped while it was written is checked anew before the next try."""
        with self.lock:
            self._refuse_done()
            if self.counts is None:
                raise BadRequest("请先检查，再导入")
            definition = engine.definition(self.module)
            made = documents.Commit if definition.module.document else Commit
            commit = made(engine, principal, definition, self.name)
            try:
                self.done = commit.run(self.judged, choices, progress)
            except BaseException:
                self.counts, self.stayed = None if commit.is_old else self.counts, commit.stayed
                raise
            return self.done

    def write_errors(self, target: Path, progress: Progress) -> int:
        with self.lock:
            if self.counts is None:
                raise BadRequest("请先检查")
            return error_file(self.heads, self.judged, target, progress)

    def _planned(self) -> Plan:
        if self.plan is None:
            raise BadRequest("请先选好每一列对应的内容")
        return self.plan

    def _refuse_done(self) -> None:
        if self.done is not None:
            raise BadRequest("这个文件已经导入过了，要再导入请重新选择文件")


class Uploads:
    """The uploads of this run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._uploads: dict[str, Upload] = {}

    def sweep(self) -> None:
        """Removes what a killed program left. Only for who holds the data folder alone."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def take(self, principal: Principal, definition: Definition, name: str, stream: IO[bytes]) -> Upload:
        """Keeps a file that comes in, if it is a table; raises `BadRequest` with what to do."""
        demand_import(principal, definition)
        make_private(self._folder)
        upload = Upload(definition.name, principal.operator, _tidy(name), self._folder / new_id())
        make_private(upload.folder)
        try:
            _copy(stream, upload.file)
            upload.kind = tables.kind_of(upload.file)
            upload.sheets = tables.sheets(upload.file, upload.kind)
        except BaseException:
            shutil.rmtree(upload.folder, ignore_errors=True)
            raise
        with self._lock:
            self._uploads[upload.id] = upload
            surplus = [one for one in self._uploads.values() if one.owner == upload.owner][:-_KEPT]
        for old in surplus:
            self.drop(old)
        return upload

    def get(self, id: str, module: str, owner: str) -> Upload:
        """An upload of this operator; raises `NotFound`."""
        with self._lock:
            upload = self._uploads.get(id)
        if upload is None or upload.owner != owner or upload.module != module:
            raise NotFound("这次导入已经结束，请重新选择文件")
        return upload

    def drop(self, upload: Upload) -> None:
        with self._lock:
            self._uploads.pop(upload.id, None)
        shutil.rmtree(upload.folder, ignore_errors=True)

    def close(self) -> None:
        for upload in list(self._uploads.values()):
            self.drop(upload)


def _tidy(name: str) -> str:
    """The bare name: browsers send one, others may send anything."""
    bare = re.split(r"[\\/]", name)[-1]
    return re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", "", bare).strip()[:120] or "未命名"


def _copy(stream: IO[bytes], target: Path) -> None:
    size = 0
    with open(target, "wb", opener=open_private) as file:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > tables.BYTES_MAX:
                raise TooLarge(_TOO_LARGE)
            file.write(block)
