"""One office per test file: every module is asked the same things."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import Office, make_template, open_office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("office") / "data"
    make_template(folder)
    with open_office(folder, direct=True) as opened:
        yield opened
