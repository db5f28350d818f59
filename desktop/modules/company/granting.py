"""What roles give, as rules compare it: nobody hands on more than he has, or he would only need a second login."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from ...engine.define import VERBS, Draft, Right

SCOPES = {
    "own": "本人",
    "department": "本部门",
    "department_tree": "本部门及下级",
    "branch": "本分公司",
    "all": "全部",
}
"""From the narrowest to the widest."""

BOXES: Mapping[Right, str] = {right: f"may_{right}" for right in VERBS}


class Columns(Protocol):
    """A row of role_right, wherever it was read."""

    def __getitem__(self, name: str, /) -> Any: ...


def ticked(row: Columns) -> frozenset[str]:
    """The boxes of a row as they stand."""
    return _ticked(row["actions"] or "", *(row[box] for box in BOXES.values()))


@lru_cache(1_000)  # asked of every row of the operator's roles at every request; few rows differ
def _ticked(actions: str, *boxes: str | None) -> frozenset[str]:
    said = dict(zip(BOXES, boxes, strict=True))
    words = {*actions.split(), *(right for right, box in said.items() if box == "yes")}
    return frozenset(words - {right for right, box in said.items() if box == "no"})


def actions_of(row: Columns) -> frozenset[str]:
    """What a row grants: nothing without `view`, which another machine may have taken away meanwhile."""
    words = ticked(row)
    return words if "view" in words else frozenset()


def width(scope: str | None) -> int:
    """How wide a scope is; what a newer version may have written is the narrowest."""
    return list(SCOPES).index(scope) if scope in SCOPES else 0


_NOTHING: tuple[frozenset[str], int] = (frozenset(), 0)


@dataclass(frozen=True)
class Given:
    """What some roles give together; `rights` are actions and width of the scope by module."""

    everything: bool
    prices: bool
    specials: frozenset[str]
    rights: Mapping[str, tuple[frozenset[str], int]]

    def is_within(self, own: "Given") -> bool:
        """Whether who has `own` has all of it."""
        if own.everything or self.everything:
            return own.everything
        if not self.specials <= own.specials or (self.prices and not own.prices):
            return False
        pairs = ((one, own.rights.get(module, _NOTHING)) for module, one in self.rights.items())
        return all(actions <= held and scope <= reach for (actions, scope), (held, reach) in pairs)


def by_roles(draft: Draft, ids: Iterable[str]) -> Given:
    """What roles give who has them all."""
    found = ((id, draft.look("role", id)) for id in ids)
    return _sum([by_role(draft, id, role) for id, role in found if role is not None])


def by_role(draft: Draft, id: str, role: Mapping[str, Any]) -> Given:
    """What one role gives, with its own values as they are or will be."""
    actions: dict[str, frozenset[str]] = {}
    scopes: dict[str, str | None] = {}
    for row in sorted(draft.find("role_right", {"role": id}), key=lambda row: str(row["id"])):
        if words := actions_of(row):
            actions[row["module"]] = actions.get(row["module"], frozenset()) | words
            scopes[row["module"]] = row["data_scope"] or scopes.get(row["module"])
    specials = frozenset(row["special"] for row in draft.find("role_special", {"role": id}))
    rights = {module: (words, width(scopes[module] or role["data_scope"])) for module, words in actions.items()}
    return Given(bool(role["all_rights"]), not role["hide_prices"], specials, rights)


def _sum(parts: Iterable[Given]) -> Given:
    everything, prices, specials = False, False, frozenset[str]()
    rights: dict[str, tuple[frozenset[str], int]] = {}
    for part in parts:
        everything, prices = everything or part.everything, prices or part.prices
        specials |= part.specials
        for module, (actions, scope) in part.rights.items():
            held, reach = rights.get(module, _NOTHING)
            rights[module] = (held | actions, max(reach, scope))
    return Given(everything, prices, specials, rights)
