# SPDX-License-Identifier: GPL-3.0-or-later
"""A wrong value ends in one message that names the option and what to do, before anything is touched."""

from __future__ import annotations

import pytest

from tests.playbooks.conftest import Lab, Play, Run


def refused(run: Run, *messages: str) -> None:
    assert run.code != 0
    for message in messages:
        assert message in run.output
    assert run.output.count("❌") == 1, run.output
    assert "Traceback" not in run.output
    assert run.written() == []


@pytest.mark.parametrize(
    ("playbook", "options", "message"),
    [
        ("p0", [], "Option 'service' is required: name the affected service, for example -e service=payment-api."),
        ("respond", ["service=payment-api"], "Option 'severity' is required: say how bad it is"),
        ("respond", ["service=payment-api", "severity=urgent"], "'urgent' is not accepted. Use critical, high, medium, low or P0 to P3."),
        ("p0", ["service=payment-api", "severity=high"], "this playbook is for P0. Use the playbook p1.yml"),
        ("p0", ["service=payment-api", "timeframe=4hours"], "Option 'timeframe': '4hours' is not accepted."),
        ("p0", ['service=payment-api"}', "namespace=production"], "Option 'service'"),
        ("p0", ["service=payment-api", "rollback=maybe"], "Option 'rollback': 'maybe' is not accepted. Use true or false."),
        ("p0", ["service=payment-api", "rollback=true"], "Option 'target' is required with rollback=true"),
        ("p0", ["service={{ lookup('pipe','touch run-me') }}"], "templates are not evaluated here"),
        ("analyze_deployment", ["service=user-api"], "Option 'analyze_deployment' is required"),
        ("post_mortem", ["service=payment-api"], "There is no record of an incident of payment-api in"),
    ],
)
def test_wrong_options(play: Play, playbook: str, options: list[str], message: str) -> None:
    arguments = [
        argument for option in options for argument in ("-e", f'{{"{option.split("=", 1)[0]}": {_json(option.split("=", 1)[1])}}}')
    ]
    refused(play(playbook, *arguments), message)


def _json(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def test_text_that_is_not_quoted_is_not_lost_in_silence(play: Play) -> None:
    run = play("p0", "-e", "service=payment-api namespace = staging")
    refused(run, "belongs to no option. Quote values that have blanks in them")


def test_the_default_output_names_it_too(play: Play) -> None:
    run = play("p0", "-e", "service=payment-api", "-e", "timeframe=soon", console=False)
    assert run.code != 0
    assert "Option 'timeframe': 'soon' is not accepted. Use a duration above zero such as 30m, 4h, 1h30m or 2d." in run.output
    assert "Traceback" not in run.output


def test_a_service_that_is_not_there_pages_nobody(play: Play, untouched_lab: Lab) -> None:
    before = untouched_lab.state()
    refused(play("p0", "-e", "service=payment-apj", lab=untouched_lab), "payment-apj", "payment-api")
    assert untouched_lab.state() == before


@pytest.mark.parametrize("playbook", ["rollback", "p0"])
def test_a_target_that_is_not_there_lists_those_that_are(play: Play, untouched_lab: Lab, playbook: str) -> None:
    before = untouched_lab.state()
    options = ["-e", "service=payment-api", "-e", "rollback=true", "-e", "target=v9.9.9"]
    refused(play(playbook, *options, lab=untouched_lab), "Target 'v9.9.9' is not in the rollout history. There is: ", "v2.3.0")
    assert untouched_lab.state() == before


def test_a_cluster_that_does_not_answer(play: Play, untouched_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    kubeconfig = tmp_path_factory.mktemp("nowhere") / "config"
    kubeconfig.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: gone\ncontexts: [{name: gone, context: {cluster: gone, user: nobody}}]\n"
        "clusters: [{name: gone, cluster: {server: 'http://127.0.0.1:9'}}]\nusers: [{name: nobody, user: {}}]\n",
        encoding="utf-8",
    )
    run = play("p0", "-e", "service=payment-api", "-e", f"kubeconfig={kubeconfig}", lab=untouched_lab)
    refused(run, "127.0.0.1:9")


def test_a_limit_that_leaves_out_the_service(play: Play, untouched_lab: Lab) -> None:
    run = play("p0", "-e", "service=payment-api", "--limit", "auth-service", lab=untouched_lab)
    refused(run, "--limit auth-service leaves out the service payment-api")
