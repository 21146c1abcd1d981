"""What the acceptance tests ask for by name."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.desk import PROGRAM, Desk, desk_at, environment


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as ``broadcaster init`` leaves it: the real one, once for all tests."""
    folder = tmp_path_factory.mktemp("prepared")
    subprocess.run([*PROGRAM, "init"], cwd=folder, env=environment(), check=True, capture_output=True)
    return folder


@pytest.fixture
async def desk(tmp_path: Path, prepared: Path) -> AsyncIterator[Desk]:
    """A desk of this test's own, with a sandbox beside it."""
    async with desk_at(tmp_path, prepared) as made:
        yield made
