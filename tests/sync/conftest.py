"""A company of two machines with a server whose clock, answers and disk are the test's."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.kit import Company, ServerHere, copy_of_fleet, server_in


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerHere]:
    """A server of nobody, or the one of the company that the test has."""
    if "company" in request.fixturenames:
        shutil.copytree(request.getfixturevalue("pair") / "server", tmp_path / "server")
    with server_in(tmp_path / "server") as opened:
        yield opened


@pytest.fixture
def company(pair: Path, tmp_path: Path, server: ServerHere) -> Company:
    """The founder's machine and a second one; both have everything."""
    return copy_of_fleet(pair, tmp_path, server)
