# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from lab.cluster.quantities import parse_quantity


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("500m", 0.5),
        ("2", 2.0),
        ("128Mi", 134_217_728.0),
        ("1Ki", 1024.0),
        ("1.5G", 1.5e9),
        ("2e3", 2000.0),
        ("250000000n", 0.25),
        (3, 3.0),
    ],
)
def test_quantities(text: str | int, number: float) -> None:
    assert parse_quantity(text) == pytest.approx(number)


@pytest.mark.parametrize("text", ["", "lots", "1.2.3", "5 m", "1mi"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        parse_quantity(text)
