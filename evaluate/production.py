# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated production whose time stands still, so that an evaluation gives the same answers at any time of any day."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

from lab.running import Lab
from lab.scenario.model import Scenario

_START_WITHIN_S = 60.0
_STOP_WITHIN_S = 15.0


async def _compute(lab: Lab, now: float) -> None:
    """Let every series be computed once: then no server keeps another one waiting until its clients give up."""
    lab.engine.instant('count({__name__!=""})', now)


async def _end_conversations() -> None:
    """What still talks ends with its connections closed, before the loop does."""
    talking = asyncio.all_tasks() - {asyncio.current_task()}
    for task in talking:
        task.cancel()
    await asyncio.gather(*talking, return_exceptions=True)
    await asyncio.sleep(0)


@contextlib.contextmanager
def production(scenario: Scenario, now: float) -> Iterator[Lab]:
    """Serve ``scenario`` on the loopback interface at ``now`` (Unix seconds), from a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="production")
    thread.start()

    def wait(work: Coroutine[Any, Any, None], seconds: float) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(seconds)

    try:
        with tempfile.TemporaryDirectory(prefix="evaluate-") as directory:
            lab = Lab(scenario, Path(directory), lambda: now)
            try:
                wait(lab.start(), _START_WITHIN_S)
                wait(_compute(lab, now), _START_WITHIN_S)
                yield lab
            finally:
                wait(lab.stop(), _STOP_WITHIN_S)
                wait(_end_conversations(), _STOP_WITHIN_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
