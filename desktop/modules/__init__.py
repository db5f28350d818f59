"""The declarations, a folder per menu chapter. A new module is one new file: it is found by itself.

A chapter never imports another: references are names.
"""

import importlib
import pkgutil
from functools import cache
from types import ModuleType
from typing import Any

from ..engine.check import check
from ..engine.define import Chapter, Ledger, Module, Setting, Special
from ..engine.registry import Registry


@cache
def load() -> Registry:
    """All chapters and modules, compiled and checked, once: declarations stay while the program runs. Raises
    `DefinitionError` with everything that is wrong."""
    chapters: list[Chapter] = []
    modules: list[Module] = []
    specials: list[Special] = []
    ledgers: list[Ledger] = []
    settings: dict[str, Setting[Any]] = {}
    for info in pkgutil.iter_modules(__path__):
        package = importlib.import_module(f"{__name__}.{info.name}")
        chapters += [value for value in vars(package).values() if isinstance(value, Chapter)]
        for file in _files(package):
            modules += [value for value in vars(file).values() if isinstance(value, Module)]
            specials += [value for value in vars(file).values() if isinstance(value, Special)]
            ledgers += [value for value in vars(file).values() if isinstance(value, Ledger)]
            settings |= {value.key: value for value in vars(file).values() if isinstance(value, Setting)}
    order = {chapter.name: chapter.position for chapter in chapters}
    modules.sort(key=lambda module: (order.get(module.chapter, 0), module.position, module.name))
    specials.sort(key=lambda special: (special.position, special.name))
    order_of = sorted(settings.values(), key=lambda one: (one.position, one.key))
    registry = Registry(sorted(chapters, key=lambda chapter: chapter.position), modules, specials, ledgers, order_of)
    check(registry)
    return registry


def _files(package: ModuleType) -> list[ModuleType]:
    return [
        importlib.import_module(f"{package.__name__}.{info.name}") for info in pkgutil.iter_modules(package.__path__)
    ]
