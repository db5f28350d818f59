"""Whether documents wait for somebody's word before they count (T20, `approval.*`): declared once for all of them.

A draft is submitted, and withdrawn, rejected or approved. What was approved is said by the version that it became and
by nothing else, so that what counts and what was approved never part. The columns of a draft merge as one, by
`approval_round`: of two machines the later round counts, then the step that ends it. A setting says what saving does
from now on; what waits goes on waiting, whatever is decided meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..fields import Bool
from ..settings import BY_BRANCH, Setting
from .declare import APPROVAL, APPROVED, REJECTED, WAITING, Columns

if TYPE_CHECKING:
    from ..define import Module
    from .versions import Version

UNIT = " ".join(APPROVAL)
"""They are written together; the round, which stands first, decides which of two writes counts."""

_STEPS = 4
_WITHDRAWN, _REJECTED = 1, 2
"""Of one round, after its submission: a rejection outweighs that somebody took it back."""

SAID = "approved"
"""The mark of a version that somebody approved who may."""


def settings_of(modules: Iterable[Module]) -> dict[str, Setting[bool]]:
    """Document → the setting that says whether it needs approval."""
    documents = [module for module in modules if module.document and "approval" in module.fields]
    help = "打开以后，保存是提交审批，由有「审批」权限的人通过才过账"
    return {
        module.name: Setting[bool](
            f"approval.{module.name}",
            Bool(f"{module.noun}要审批", default=False, help=help),
            "审批",
            50 + place,
            levels=BY_BRANCH,
        )
        for place, module in enumerate(documents)
    }


def is_waiting(row: Mapping[str, Any]) -> bool:
    """Whether a document waits to be approved."""
    return row.get("state") == "draft" and row.get("approval") == WAITING


def is_approved(row: Mapping[str, Any]) -> bool:
    """Whether the version that counts is one that somebody approved."""
    return row.get("state") == "posted" and row.get("approval") == APPROVED


def submitted(row: Mapping[str, Any], operator: str, at: str) -> Columns:
    """The columns of a draft that somebody submits: a new round."""
    blank: Columns = dict.fromkeys(APPROVAL)
    about: Columns = {"approval": WAITING, "submitted_by": operator, "submitted_at": at}
    return blank | about | {"approval_round": (_round(row) + 1) * _STEPS}


def withdrawn(row: Mapping[str, Any]) -> Columns:
    """Those of a draft that was taken back."""
    blank: Columns = dict.fromkeys(APPROVAL)
    return blank | {"approval_round": _round(row) * _STEPS + _WITHDRAWN}


def rejected(row: Mapping[str, Any], operator: str, at: str, reason: str) -> Columns:
    """Those of a draft that was sent back; who submitted it still stands there."""
    about: Columns = {"approval": REJECTED, "approver": operator, "approved_at": at, "reject_reason": reason}
    kept: Columns = {name: row[name] for name in ("submitted_by", "submitted_at")}
    return kept | about | {"approval_round": _round(row) * _STEPS + _REJECTED}


def _round(row: Mapping[str, Any]) -> int:
    return int(row.get("approval_round") or 0) // _STEPS


def shown(version: Version, names: Iterable[str]) -> Columns:
    """What the header of a document shows that counts, of the columns it has: as the version says, whatever a draft
    went through meanwhile on another machine."""
    about: Columns = {"approval": None, "approver": None, "approved_at": None, "reject_reason": None}
    if version.said.get(SAID):
        about |= {"approval": APPROVED, "approver": version.by, "approved_at": version.at}
    return {name: value for name, value in about.items() if name in names}
