"""Made-up requests to every call of the API: no fault of the program, answers as /api/openapi.json describes them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from desktop.app import ROUTES
from tests.support import Office, make_template, open_office

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FIELDS = (
    "name code group owner phone credit_limit birth tags is_no_sms registered_on kind parent parent_kind list module"
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("api")
    usual, tempfile.tempdir = tempfile.tempdir, str(folder)  # exported files go there
    try:
        with open_office(make_template(folder / "data"), direct=True) as opened:
            yield opened
    finally:
        tempfile.tempdir = usual


@pytest.fixture(scope="module")
def described(office: Office) -> Any:
    """The description the server gives, with real names where a made-up one would meet nothing but 404."""
    raw = office.api.get("/api/openapi.json")
    # The page's cookie and token come with every request; tests/shell/test_guard.py asks what happens without them.
    del raw["security"], raw["components"]["securitySchemes"]
    real = {
        "module": [*office.samples.modules, "nothing"],
        "id": [office.samples.create(name)["id"] for name in ("customer", "contact", "supplier", "tag")]
        + ["0" * 32, "'"],
        "tab": ["contact-parent", "party_address-parent", "nothing"],
        "topic": [*(page["topic"] for page in office.api.get("/api/help")[:3]), "nothing"],
    }
    for operations in raw["paths"].values():
        for operation in operations.values():
            for one in operation["parameters"]:
                if one["in"] == "path" and one["name"] in real:
                    one["schema"] = {"enum": real[one["name"]]}
    for body in ("ProbeBody", "JoinBody"):  # nothing leaves this machine
        raw["components"]["schemas"][body]["properties"]["server"] = {"enum": ["127.0.0.1:1", "http://[::1]:1", ""]}
    raw["components"]["schemas"]["Values"]["properties"] = {name: {} for name in FIELDS.split()}
    return schemathesis.openapi.from_dict(raw)


ENDLESS = "/api/events"
"""Left out: a stream without an end. The window's own calls are left out, too: quitting would end the program."""
CALLS = {(re.sub(r"<(\w+)>", r"{\1}", route.path), route.method): route for route in ROUTES if route.path != ENDLESS}
RIGHT, WRONG = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


def cases() -> Iterator[tuple[str, str, GenerationMode]]:
    """Each call with what it describes, and with what it does not wherever anything could be wrong."""
    for (path, method), route in CALLS.items():
        yield path, method, RIGHT
        if route.query or route.body or re.search("{(module|id|topic)}", path):
            yield path, method, WRONG


def test_no_call_but_the_stream_is_left_out(described: Any) -> None:
    found = {(one.path, one.method.upper()) for one in (result.ok() for result in described.get_all_operations())}
    window = {("/api/desktop/quit", "POST"), ("/api/desktop/dirty", "POST")}
    assert found == {*CALLS, *window, (ENDLESS, "GET")}


@pytest.mark.parametrize(("path", "method", "mode"), list(cases()))
def test_every_call_answers_as_described(
    office: Office, described: Any, path: str, method: str, mode: GenerationMode
) -> None:
    @settings(
        max_examples=3, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(described[path][method].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        response = case.call(base_url=office.api.base, session=office.api.session)
        case.validate_response(response, checks=CHECKS)
        if (path, method) == ("/api/session", "DELETE"):
            office.api.sign_in()
        assert response.status_code != 401 or path == "/api/session", "signed in all the time"

    ask()
