# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as an HTML page: what it shows, and that text from outside stays text."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import Source
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Incident, Severity
from ansible_collections.devops.incident_response.plugins.module_utils.record import reports
from ansible_collections.devops.incident_response.tests.unit import samples

NOW = samples.after(400)
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)> </style> &amp; \x1b[31m{{ 7*7 }}'
_VOID = {"meta", "br", "img", "input", "link", "hr"}


class Page(HTMLParser):
    """The elements of a page, its text, and whether every element is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.torn: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.torn.append(tag)

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page(incident: Incident) -> Page:
    return Page(reports.page(incident, NOW))


@pytest.mark.parametrize("severity", list(Severity))
def test_it_is_a_whole_page_at_every_stage(severity: Severity) -> None:
    for incident in (samples.declared(severity), samples.recommended(severity), samples.resolved()):
        shown = page(incident)
        assert (shown.open, shown.torn) == ([], [])
        assert [tag for tag, _attributes in shown.elements].count("h1") == 1


def test_it_says_what_the_console_says() -> None:
    text = page(samples.resolved()).text
    for words in (
        "P0 Critical · resolved",
        "IMMEDIATE ROLLBACK to v2.3.0 (last stable)",
        "95% confidence",
        "payment-api: 3/5 pods failing (CrashLoopBackOff)",
        "Error rate 45% 0.1% 450x",
        "ERROR: Database connection timeout (823 occurrences)",
        "SELECT * FROM transactions WHERE user_id = ? (missing index)",
        "Rollback v2.3.1 → v2.3.0 · recovered",
        "14:23:15 Deployment v2.3.1 started",
    ):
        assert words in text, words


def test_missing_evidence_is_said_where_it_is_missing() -> None:
    incident = samples.recommended()
    assert incident.diagnostics is not None
    gone = replace(incident.diagnostics, metrics=samples.missing(Source.METRICS, "http://prometheus refused the connection"))
    text = page(replace(incident, diagnostics=gone)).text
    assert "Metrics Not available: http://prometheus refused the connection" in text


def test_text_from_outside_stays_text() -> None:
    incident = samples.resolved()
    assert incident.recommendation is not None
    assert incident.diagnostics is not None
    findings = tuple(replace(finding, title=HOSTILE, detail=HOSTILE) for finding in incident.diagnostics.findings)
    shown = page(
        replace(
            incident,
            symptoms=(HOSTILE,),
            commander=HOSTILE,
            service=replace(incident.service, title=HOSTILE),
            diagnostics=replace(incident.diagnostics, findings=findings),
            recommendation=replace(incident.recommendation, headline=HOSTILE, reasoning=(HOSTILE,)),
        )
    )
    assert (shown.open, shown.torn) == ([], [])
    assert not {tag for tag, _attributes in shown.elements} & {"script", "img", "a", "iframe", "link"}
    assert not [name for _tag, attributes in shown.elements for name in attributes if name.startswith("on")]
    assert '"><script>alert(1)</script>' in shown.text
    assert "{{ 7*7 }}" in shown.text
    assert "\x1b" not in shown.text


def test_it_fetches_nothing() -> None:
    shown = page(samples.resolved())
    assert not [attributes for _tag, attributes in shown.elements if {"src", "href"} & attributes.keys()]
    policy = next(attributes["content"] for tag, attributes in shown.elements if tag == "meta" and "http-equiv" in attributes)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert "url(" not in reports.page(samples.resolved(), NOW)
    assert "@import" not in reports.page(samples.resolved(), NOW)
