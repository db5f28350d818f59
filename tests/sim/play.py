"""Playing a script to its end, and making a script that fails as short as it gets."""

from __future__ import annotations

import os
import time as real_time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .contents import check_contents
from .invariants import check_all
from .problem import Problem
from .world import Action, Run, Script, world_of

SHRINK_S = 60.0
DEEP_EVERY = 8


@dataclass(frozen=True)
class Failure:
    """What went wrong in which script, and the shortest one found that goes wrong alike."""

    script: Script
    rule: str
    text: str

    def __str__(self) -> str:
        actions = " ".join(map(str, self.script.actions))
        return (
            f"seed {self.script.seed}: {self.text}\n{self.script.nodes} machines, sizes {self.script.sizes}\n"
            f"replay: SIM_SEED={self.script.seed} SIM_ACTIONS='{actions}' pytest tests/sim/test_seeds.py"
        )


def play(script: Script) -> None:
    """Raises Problem, or whatever the code raised that it must not."""
    with world_of(script.seed, script.sizes) as world:
        world.company(script.nodes)
        run = Run(world)
        for action in script.actions:
            run.do(action)
        world.settle()
        check_contents(world)
        check_all(world, deep=script.seed % DEEP_EVERY == 0)


def attempt(script: Script) -> Failure | None:
    """How a script fails, if it does."""
    try:
        play(script)
    except Problem as problem:
        return Failure(script, problem.rule, str(problem))
    except Exception as error:
        return Failure(script, type(error).__name__, f"{type(error).__name__}: {error}")
    return None


def shrunk(failure: Failure, seconds: float = SHRINK_S) -> Failure:
    """Drops actions as long as the script still breaks the same rule."""
    until = real_time.perf_counter() + seconds
    part = max(1, len(failure.script.actions) // 2)
    while part and real_time.perf_counter() < until:
        shorter = _without_some(failure, part, until)
        if shorter is None:
            part //= 2
        else:
            failure = shorter
    return failure


def _without_some(failure: Failure, part: int, until: float) -> Failure | None:
    actions: Sequence[Action] = failure.script.actions
    for start in range(0, len(actions), part):
        if real_time.perf_counter() > until:
            return None
        left = (*actions[:start], *actions[start + part :])
        found = attempt(replace(failure.script, actions=left))
        if found is not None and found.rule == failure.rule:
            return found
    return None


def script_of(seed: int) -> Script:
    """The script of a seed; `SIM_ACTIONS` names other actions for it."""
    script = Script.of(seed)
    given = os.environ.get("SIM_ACTIONS")
    return replace(script, actions=tuple(map(Action.read, given.split()))) if given else script
