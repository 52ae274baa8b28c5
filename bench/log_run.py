# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes one log file through the whole path (entries, levels, patterns), and prints what came out. A process of its own, so that its
memory can be measured: ``python -m bench.log_run FILE``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.devops.incident_response.plugins.module_utils.analysis.log_summary import logs
from ansible_collections.devops.incident_response.plugins.module_utils.model.logs_raw import RawLog, RawLogs


def main() -> None:
    log = RawLog("payment-api-7c9f4-x2x1z", "payment-api", previous=False, version="v2.3.1", text=Path(sys.argv[1]).read_bytes())
    found = logs(RawLogs(900.0, (log,)), None, datetime.now(UTC))
    print(f"{found.lines:,} lines, {len(found.patterns)} patterns {found.notes or ''}")
    for pattern in found.patterns:
        print(f"{pattern.count:>9,}  {pattern.level}: {pattern.template}")


if __name__ == "__main__":
    main()
