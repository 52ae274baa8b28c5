# SPDX-License-Identifier: GPL-3.0-or-later
"""One set of tests, two sides: the simulated production and the real servers that it stands for.

`pytest tests/contract` runs the simulated side, `--side real` the real one; a difference is a defect of the simulation.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.clusters import Cluster
from tests.contract.lab_cluster import lab_cluster
from tests.contract.real_cluster import real_cluster
from tests.real import servers
from tests.real.parts.control_plane import ControlPlane

_LONGEST = (
    "rollback_playbook",
    "mitigation",
    "rollback_modules",
    "rollback_faults",
    "rollback",
    "rollback_trouble",
    "workload_findings",
    "metrics",
    "rollout_courses",
    "recovery",
)
"""Files that come first, so that of two processes none is left alone with one of them at the end."""


def pytest_configure(config: pytest.Config) -> None:
    servers.use(config)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--side", action="append", choices=("lab", "real"), help="which side to test; lab where not given; may be repeated")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "side" in metafunc.fixturenames:
        metafunc.parametrize("side", metafunc.config.getoption("--side") or ["lab"], scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {f"test_{name}.py": rank for rank, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(ranks)))


@pytest.fixture
def cluster(side: str, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A cluster of the side that is tested, with an empty namespace for the test.

    It goes with the test: hundreds of pods that nobody needs any more make every controller slower for the tests that follow.
    """
    running: Cluster = request.getfixturevalue(f"_{side}_cluster")
    running.new_namespace()
    yield running
    running.delete_namespace()


@pytest.fixture(scope="session")
def _lab_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with lab_cluster(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="session")
def _real_cluster(plane: ControlPlane) -> Cluster:
    return real_cluster(plane)
