"""Requests no page sends: every one is answered in words, at once, and none is a fault of the program."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desktop.app import create_app
from tests.support import Office, copy_of, open_office

HUGE = 10**30


@pytest.fixture(scope="module")
def office(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One for all: nothing asked here changes what is asked next."""
    with open_office(copy_of(template, tmp_path_factory.mktemp("limits") / "data")) as opened:
        yield opened


def condition(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"and": [{"field": field, "op": op, "value": value}]}


@pytest.mark.parametrize(
    ("field", "op", "value"),
    [
        ("name", "like", "x" * 60_000),
        ("note", "like", "%" * 501),
        ("name", "contains", "张" * 300_000),
        ("name", "eq", HUGE),
        ("name", "eq", {"a": 1}),
        ("credit_limit", "gt", "9" * 5_000),
        ("credit_limit", "gt", "9" * 400),
        ("employee_count", "eq", HUGE),
        ("kind", "eq", ["company"]),
        ("kind", "eq", {"a": 1}),
        ("is_blacklisted", "eq", [1]),
        ("birth", "eq", {"month": HUGE, "day": 1}),
        ("birth", "eq", {"month": "x", "day": 1}),
        ("registered_on", "ge", "2026-02-30"),
        ("registered_on", "ge", ["2026-02-01"]),
    ],
)
def test_values_a_filter_cannot_use_are_refused_in_a_query_and_in_a_body(
    office: Office, field: str, op: str, value: Any
) -> None:
    body = {"query": {"filter": condition(field, op, value)}, "set": {"note": "x"}}
    problem = office.api.refused("POST", "/api/records/customer/change", 422, body)
    assert problem["fields"]
    if len(str(value)) < 10_000:
        params = {"filter": json.dumps(condition(field, op, value))}
        assert office.api.refused("GET", "/api/records/customer", 422, params=params)["fields"]


@pytest.mark.parametrize("op", ["eq", "contains", "ge"])
@pytest.mark.parametrize("value", [{"a": {"b": 1}}, [[1]], HUGE, "9" * 500])
def test_no_value_of_any_type_is_a_fault_of_the_program(office: Office, op: str, value: Any) -> None:
    for one in office.samples.modules["customer"]["fields"]:
        params = {"filter": json.dumps(condition(one["name"], op, value))}
        status = office.api.call("GET", "/api/records/customer", params=params).status_code
        assert status in (200, 422), (one["name"], status)


@pytest.mark.parametrize("raw", ["\\ud800", "\\udfff\\ud800"])
def test_half_characters_are_no_json(office: Office, raw: str) -> None:
    text = '{"and":[{"field":"name","op":"eq","value":"' + raw + '"}]}'
    assert office.api.call("GET", "/api/records/customer", params={"filter": text}).status_code == 422
    headers = {"Content-Type": "application/json"}
    url = office.api.base + "/api/records/customer"
    assert office.api.session.post(url, data='{"name":"' + raw + '"}', headers=headers).status_code == 400


@pytest.mark.parametrize("value", [["x"], {"a": 1}, HUGE, "9" * 5_000, 1.5, True])
def test_no_value_of_any_type_is_a_fault_of_the_program_when_saved(office: Office, value: Any) -> None:
    for one in office.samples.modules["customer"]["fields"]:
        if not one["readonly"]:
            values = office.samples.values("customer") | {one["name"]: value}
            status = office.api.call("POST", "/api/records/customer", values).status_code
            assert status in (201, 422), (one["name"], status)


def test_what_is_kept_can_be_answered_again(office: Office) -> None:
    for levels, status in ((50, 200), (120, 400), (300, 400), (900, 400), (5_000, 400)):
        text = '{"value":' + "[" * levels + "]" * levels + "}"
        url = office.api.base + "/api/state/deep"
        answer = office.api.session.put(url, data=text, headers={"Content-Type": "application/json"})
        assert answer.status_code == status, (levels, answer.text)
        assert office.api.call("GET", "/api/state/deep").ok


def test_very_long_texts_are_compared_with_nothing(office: Office) -> None:
    values = {"name": "张" * 1_000_000, "phone": "1" * 10_000, "short_name": ["x"], "tax_no": {"a": 1}}
    start = time.process_time()  # a loaded machine may let it wait, not work
    assert office.api.post("/api/records/customer/similar", {"values": values}) == []
    assert time.process_time() - start < 1


def test_a_state_that_is_too_large_is_413(office: Office) -> None:
    problem = office.api.refused("PUT", "/api/state/x", 413, {"value": "x" * 2_100_000})
    assert problem["code"] == "too-large" and "太大" in problem["title"]


def test_every_call_is_in_the_description(office: Office) -> None:
    """What the application serves is the truth, also what comes from elsewhere than the list of routes."""
    app = create_app(office.workstation, office.guard, office.host)  # type: ignore[arg-type]
    described = office.api.get("/api/openapi.json")["paths"]
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            path = rule.rule.replace("<", "{").replace(">", "}")
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                assert method.lower() in described[path], f"{method} {path}"


def test_every_answer_says_what_it_is(office: Office) -> None:
    description = office.api.get("/api/openapi.json")
    known = description["components"]["schemas"]
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                schema = answer["content"].get("application/json", {"schema": {"type": "object"}})["schema"]
                shape = known[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
                assert shape.get("type") in ("object", "array"), f"{method} {path} {status}"
                assert shape["type"] == "object" or shape["items"], f"{method} {path} {status}"
