# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Prometheus on loopback, with a history that the test gives it."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .binaries import program
from .processes import HOST, answers, free_port, processes

Sample = tuple[float, float]
Series = tuple[Mapping[str, str], Sequence[Sample]]
"""Labels, `__name__` among them, and samples as (unix seconds, value), oldest first."""


@contextlib.contextmanager
def prometheus(
    directory: Path, history: Iterable[Series], flags: Sequence[str] = (), settings: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """The URL of a server that holds `history` and scrapes what its `settings` name, else nothing; `flags` are further ones of its command
    line."""
    server, promtool = program("prometheus"), program("promtool")
    directory.mkdir(parents=True, exist_ok=True)
    blocks = directory / "data"
    blocks.mkdir()
    source = directory / "history.om"
    source.write_text(_openmetrics(history))
    subprocess.run([promtool, "tsdb", "create-blocks-from", "openmetrics", source, blocks], check=True, capture_output=True)
    file = directory / "prometheus.yml"
    file.write_text(json.dumps(settings or {"global": {"scrape_interval": "15s"}}))
    url = f"http://{HOST}:{free_port()}"
    with processes(directory) as running:
        running.start(
            "prometheus",
            [
                server,
                f"--config.file={file}",
                f"--storage.tsdb.path={blocks}",
                "--storage.tsdb.retention.time=10y",
                f"--web.listen-address={url.removeprefix('http://')}",
                *flags,
            ],
        )
        running.wait("prometheus", lambda: answers(f"{url}/-/ready"))
        yield url


def _openmetrics(history: Iterable[Series]) -> str:
    """One untyped family per metric name: the names of counters need no suffix that way."""
    families: dict[str, list[Series]] = {}
    for labels, samples in history:
        families.setdefault(labels["__name__"], []).append((labels, samples))
    lines = []
    for name, members in families.items():
        lines.append(f"# TYPE {name} unknown")
        for labels, samples in members:
            inner = ",".join(f'{key}="{_escape(value)}"' for key, value in sorted(labels.items()) if key != "__name__")
            lines.extend(f"{name}{{{inner}}} {value!r} {at:.3f}" for at, value in samples)
    return "\n".join([*lines, "# EOF", ""])


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
