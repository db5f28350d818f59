"""系统配置: what the company decided, and deciding it."""

from typing import Any

from ..accounts import operator_names
from ..engine import configuring
from . import shapes
from .http import Call, Routes

routes = Routes()


@routes.add("GET", "/api/settings", "All settings by group, with what ships and who changed them", shapes.AnyObject,
            query=shapes.PlaceQuery, errors=(403, 404))  # fmt: skip
def all_settings(call: Call) -> dict[str, Any]:
    return _shown(call, call.query.at)


def _shown(call: Call, at: str) -> dict[str, Any]:
    names, place = operator_names(call.engine), configuring.place_from(at)
    return configuring.shown(call.engine, call.principal, names, place)


@routes.add("PATCH", "/api/settings", "Change settings: what is not named stays", shapes.AnyObject,
            body=shapes.SettingsBody, errors=(403, 404, 409, 422, 507))  # fmt: skip
def change(call: Call) -> dict[str, Any]:
    asked: shapes.SettingsBody = call.body
    place = configuring.place_from(asked.at)
    configuring.change(call.engine, call.principal, asked.values, asked.defaults, call.idempotent, place)
    return _shown(call, asked.at)


@routes.add("POST", "/api/settings/samples", "What settings that are being changed would make", shapes.AnyObject,
            body=shapes.SettingsBody, errors=(403, 422))  # fmt: skip
def samples(call: Call) -> dict[str, Any]:
    asked: shapes.SettingsBody = call.body
    return configuring.sampled(call.engine, call.principal, asked.values, asked.defaults)


@routes.add("GET", "/api/settings/<key>/history", "How a setting was changed", shapes.SettingHistory,
            query=shapes.PlaceQuery, errors=(403, 404))  # fmt: skip
def history(call: Call, key: str) -> list[dict[str, Any]]:
    place = configuring.place_from(call.query.at)
    return configuring.history_of(call.engine, call.principal, key, operator_names(call.engine), place)
