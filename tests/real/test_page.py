# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's page in a real browser, with text from outside that would rather be a program."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.record import reports
from ansible_collections.devops.incident_response.tests.unit import samples

from tests.real.parts.browser import browser
from tests.real.servers import real_part

HOSTILE = "</title></style><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


def test_the_browser_shows_it_and_runs_nothing(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    incident = samples.resolved()
    assert incident.recommendation is not None
    hostile = replace(
        incident,
        symptoms=(HOSTILE,),
        service=replace(incident.service, title=f"Payment API {HOSTILE}"),
        recommendation=replace(incident.recommendation, headline=HOSTILE),
    )
    page = tmp_path / "report.html"
    page.write_text(reports.page(hostile, samples.after(400)), encoding="utf-8")
    with real_part(request, "browser", browser(tmp_path)) as dom:
        shown, log = dom(page)
    assert "<script" not in shown
    assert "<img" not in shown
    assert "<title>P0 Payment API &lt;/title&gt;" in shown
    assert shown.count("<section") > 8
    assert "3/5 pods failing (CrashLoopBackOff)" in shown
    assert "Content Security Policy" not in log
