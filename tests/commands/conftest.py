"""A founded company, empty and with demonstration data; every test works on a copy of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop import demo
from desktop.workstation import Workstation
from tests.support import copy_of, made_once

CUSTOMERS = 150


@pytest.fixture(scope="session")
def furnished(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    def furnish(folder: Path) -> None:
        workstation = Workstation.open(copy_of(template, folder))
        demo.fill(workstation.engine, CUSTOMERS)
        workstation.close()

    return made_once(tmp_path_factory, "furnished", furnish)


@pytest.fixture
def folder(furnished: Path, tmp_path: Path) -> Path:
    """A copy of the furnished company; nobody has it open."""
    return copy_of(furnished, tmp_path / "data")


@pytest.fixture
def workstation(folder: Path) -> Iterator[Workstation]:
    opened = Workstation.open(folder)
    yield opened
    opened.close()
