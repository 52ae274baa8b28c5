# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.errors import InvalidOptionError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.metric_names import metric_names, other_names, with_status
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import MetricPreset, MetricsSettings, Service


def service(**settings: object) -> Service:
    return Service("pay.api", namespace="shop", workload_name="pay", metrics=MetricsSettings(**settings))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("preset", "requests", "failure", "matchers"),
    [
        (MetricPreset.DEFAULT, "http_requests_total", 'status=~"5.."', 'job="pay.api"'),
        (
            MetricPreset.OPENTELEMETRY,
            "http_server_request_duration_seconds_count",
            'http_response_status_code=~"5.."',
            'job=~"(.+/)?pay\\\\.api"',
        ),
        (MetricPreset.MICROMETER, "http_server_requests_seconds_count", 'status=~"5.."', 'job="pay.api"'),
        (MetricPreset.GRPC, "grpc_server_handled_total", 'grpc_code!~"OK"', 'job="pay.api"'),
        (MetricPreset.NGINX_INGRESS, "nginx_ingress_controller_requests", 'status=~"5.."', 'ingress="pay.api"'),
        (MetricPreset.ENVOY, "envoy_cluster_upstream_rq_xx", 'envoy_response_code_class=~"5"', 'envoy_cluster_name="pay.api"'),
        (
            MetricPreset.ISTIO,
            "istio_requests_total",
            'response_code=~"5.."',
            'reporter="destination",destination_workload_namespace="shop",destination_workload="pay"',
        ),
    ],
)
def test_each_preset(preset: MetricPreset, requests: str, failure: str, matchers: str) -> None:
    names = metric_names(service(preset=preset))
    assert (names.preset, names.requests, names.failure, names.matchers) == (preset, requests, failure, matchers)


def test_what_the_catalogue_says_wins_over_its_preset() -> None:
    own = service(preset=MetricPreset.ISTIO, requests="calls_total", duration="call_seconds", status_label="code", error_status="[45]..")
    names = metric_names(own)
    assert (names.requests, names.duration, names.seconds, names.failure) == ("calls_total", "call_seconds", 1.0, 'code=~"[45].."')
    assert metric_names(own, MetricPreset.GRPC).failure == 'grpc_code!~"OK"'


def test_a_job_that_is_given_is_taken_as_it_is() -> None:
    assert metric_names(service(preset=MetricPreset.OPENTELEMETRY, job="shop/pay")).matchers == 'job="shop/pay"'


def test_labels_that_are_given_are_all_that_counts() -> None:
    names = metric_names(service(labels={"app": 'a"b', "namespace": "shop"}))
    assert (names.matchers, names.told_by) == ('app="a\\"b",namespace="shop"', "app")
    with pytest.raises(InvalidOptionError, match=r"catalogue\.metrics\.labels"):
        metric_names(service(labels={'app="x"} or up{a': "b"}))


def test_a_label_name_that_is_none_names_its_field() -> None:
    with pytest.raises(InvalidOptionError, match=r"catalogue\.metrics\.status_label"):
        metric_names(service(status_label='status"}'))


def test_other_names_are_all_but_those_in_use() -> None:
    assert [one.preset for one in other_names(service(), metric_names(service()))] == [
        MetricPreset.OPENTELEMETRY,
        MetricPreset.MICROMETER,
        MetricPreset.GRPC,
        MetricPreset.OPENTELEMETRY_MILLISECONDS,
        MetricPreset.OPENTELEMETRY_OLD,
        MetricPreset.ISTIO,
        MetricPreset.NGINX_INGRESS,
        MetricPreset.ENVOY,
    ]


@pytest.mark.parametrize("preset", list(MetricPreset))
def test_a_hostile_job_stays_within_its_string(preset: MetricPreset) -> None:
    hostile = metric_names(service(preset=preset, job='x"} or vector(1) #\n'))
    for text in (hostile.matchers, hostile.others, hostile.targets):
        assert 'x"}' not in text
        assert "\n" not in text


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        (MetricsSettings(), 'status=~"4([0-8].|9[0-8]|xx)"'),
        (MetricsSettings(preset=MetricPreset.ENVOY), 'envoy_response_code_class=~"4"'),
        (MetricsSettings(status_label="outcome", error_status="SERVER_ERROR"), 'outcome=~"CLIENT_ERROR"'),
        (MetricsSettings(error_status="[45].."), None),
        (MetricsSettings(preset=MetricPreset.GRPC), None),
        (MetricsSettings(preset=MetricPreset.GRPC, error_status="Internal|.*"), None),
    ],
)
def test_what_blames_whoever_asked(settings: MetricsSettings, refusal: str | None) -> None:
    assert metric_names(Service("shop", metrics=settings)).refusal == refusal


def test_codes_of_grpc_that_are_no_failures_blame_whoever_asked() -> None:
    names = metric_names(Service("shop", metrics=MetricsSettings(preset=MetricPreset.GRPC, error_status="Internal|NotFound")))
    assert names.refusal is not None
    assert "PermissionDenied" in names.refusal
    assert "NotFound" not in names.refusal


def test_another_label_tells_refusals_too() -> None:
    names = with_status(Service("shop"), metric_names(Service("shop")), "code")
    assert names.refusal == 'code=~"4([0-8].|9[0-8]|xx)"'
