"""A company of two machines with a server whose clock, answers and disk are the test's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.kit import Company, ServerHere, found_company, server_in


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerHere]:
    with server_in(tmp_path / "server") as opened:
        yield opened


@pytest.fixture
def company(template: Path, tmp_path: Path, server: ServerHere) -> Company:
    """The founder's machine and a second one; both have everything."""
    found = found_company(template, tmp_path, server)
    found.add()
    found.settle()
    return found
