"""A shop of its own for each test: a company, a product, a customer and a supplier, entered through the API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.kit import assert_books
from tests.modules.trading.shop import Shop
from tests.support import copy_of, open_office


@pytest.fixture
def shop(template: Path, tmp_path: Path) -> Iterator[Shop]:
    with open_office(copy_of(template, tmp_path / "data"), direct=True) as office:
        yield Shop(office)
        assert_books(office.engine)  # what every example books is what working it out anew gives
