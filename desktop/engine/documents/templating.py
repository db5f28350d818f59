"""打印模板: what the editor shows, and keeping what it says as records."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import Forbidden, Invalid, NotFound
from ..access import Principal, demand
from ..engine import Engine
from ..fields import Field
from ..records import Idempotent, save
from ..registry import Definition
from . import templates
from .declare import Print
from .papers import PAPERS
from .templates import TABLE, Template


@dataclass(frozen=True)
class Wanted:
    """A template as its editor saves it."""

    name: str
    module: str
    base: str
    is_default: bool
    layout: Mapping[str, Any]


def editor(engine: Engine, principal: Principal, names: Mapping[str, str]) -> dict[str, Any]:
    """{documents, templates, papers, may_change}; `names` are operators by id."""
    demand(principal, "view", engine.definition(TABLE))
    documents = [name for name in engine.registry.documents if principal.may("print", name)]
    with engine.db.read() as db:
        kept = [one for one in templates.kept(engine, db, principal) if one.module in documents or one.layout is None]
    shown = (_document(engine, principal, engine.registry[name]) for name in documents)
    return {
        "documents": [one for one in shown if one["prints"]],
        "templates": [_shown(one, names) for one in kept],
        "papers": [{"value": paper, "label": label} for paper, label in PAPERS.items()],
        "may_change": principal.has("settings") and principal.may("edit", TABLE),
        "copies_max": templates.COPIES_MAX,
    }


def _document(engine: Engine, principal: Principal, definition: Definition) -> dict[str, Any]:
    document = definition.module.document
    assert document is not None
    lines = engine.registry.lines_of(document)
    columns = templates.offered_columns(lines, principal)
    return {
        "module": definition.name,
        "label": definition.module.label,
        "prints": [_print(engine, principal, definition, columns, one) for one in document.prints],
        "head": _offers(templates.offered_head(definition, principal)),
        "sums": _offers(templates.offered_sums(definition, principal)),
        "notes": _offers(templates.offered_notes(definition, principal)),
    }


def _print(
    engine: Engine, principal: Principal, definition: Definition, columns: Mapping[str, Field], one: Print
) -> dict[str, Any]:
    shown = {name: field for name, field in columns.items() if one.prices or field.type not in ("price", "money")}
    return {
        "name": one.name,
        "label": f"{_called(one)}（{PAPERS[one.paper]}）",
        "titles": dict(one.titles),
        "layout": templates.shipped(one).public(),
        "columns": _offers(shown) if one.columns else [],
        "placeholders": list(templates.placeholders(engine, definition, one, principal)),
        "has": {
            "company": bool(one.letterhead and one.letterhead.names),
            "footer": bool(one.letterhead and one.letterhead.footer),
            "logo": one.letterhead is not None,
            "spelled": one.spelled is not None,
            "pictures": bool(one.pictured),
            "seal": one.sealed is not None,
        },
    }


_TITLES_TOLD = 3


def _called(one: Print) -> str:
    """By its titles, or the first of them where they are many."""
    titles = list(dict.fromkeys(one.titles.values()))
    return "、".join(titles[:_TITLES_TOLD]) + ("等" if len(titles) > _TITLES_TOLD else "")


def _offers(fields: Mapping[str, Field]) -> list[dict[str, Any]]:
    return [{"name": name, "label": one.label, "width": one.width or 110} for name, one in fields.items()]


def _shown(one: Template, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": one.id, "rev": one.row["rev"], "name": one.name, "module": one.module, "base": one.base,
        "is_default": one.is_default, "layout": one.layout.public() if one.layout else None, "fault": one.fault,
        "at": one.row["updated_at"], "by": names.get(one.row["updated_by"] or "", ""),
    }  # fmt: skip


def keep(
    engine: Engine, principal: Principal, wanted: Wanted, *, id: str | None = None, rev: int | None = None,
    idempotent: Idempotent | None = None,
) -> str:  # fmt: skip
    """Creates (`id` None) or changes a template, once its layout is one that can be used; returns its id. Raises
    `Invalid` with a message per part."""
    if not principal.has("settings"):
        raise Forbidden("没有「系统设置」的权限，不能改打印模板，可请管理员来改")
    found = templates.print_named(engine, wanted.module, wanted.base)
    if found is None:
        raise NotFound("这种单据没有这一种打印")
    demand(principal, "print", found[0])
    if not wanted.name.strip():
        raise Invalid({"name": "请填写「名称」"})
    layout = templates.read_layout(engine, principal, *found, dict(wanted.layout))
    values = {
        "name": wanted.name, "module": wanted.module, "base": wanted.base, "is_default": wanted.is_default,
        "layout": json.dumps(layout.public(), ensure_ascii=False),
    }  # fmt: skip
    saved, _ = save(engine, principal, TABLE, values, id=id, rev=rev, idempotent=idempotent)
    return str(saved["row"]["id"])
