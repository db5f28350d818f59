"""系统配置: what the company decided, and deciding it."""

from typing import Any

from ..accounts import operator_names
from ..engine import configuring
from . import shapes
from .http import Call, Routes

routes = Routes()


@routes.add("GET", "/api/settings", "All settings by group, with what ships and who changed them", shapes.AnyObject,
            errors=(403,))  # fmt: skip
def all_settings(call: Call) -> dict[str, Any]:
    return configuring.shown(call.engine, call.principal, operator_names(call.engine))


@routes.add("PATCH", "/api/settings", "Change settings: what is not named stays", shapes.AnyObject,
            body=shapes.SettingsBody, errors=(403, 409, 422, 507))  # fmt: skip
def change(call: Call) -> dict[str, Any]:
    asked: shapes.SettingsBody = call.body
    configuring.change(call.engine, call.principal, asked.values, asked.defaults, call.idempotent)
    return all_settings(call)


@routes.add("POST", "/api/settings/samples", "What settings that are being changed would make", shapes.AnyObject,
            body=shapes.SettingsBody, errors=(403, 422))  # fmt: skip
def samples(call: Call) -> dict[str, Any]:
    asked: shapes.SettingsBody = call.body
    return configuring.sampled(call.engine, call.principal, asked.values, asked.defaults)


@routes.add("GET", "/api/settings/<key>/history", "How a setting was changed", shapes.SettingHistory,
            errors=(403, 404))  # fmt: skip
def history(call: Call, key: str) -> list[dict[str, Any]]:
    return configuring.history_of(call.engine, call.principal, key, operator_names(call.engine))
