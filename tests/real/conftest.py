# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.real import servers


def pytest_configure(config: pytest.Config) -> None:
    servers.use(config)
