# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engineer types to gather the evidence without this collection: ten kubectl and git commands, six curl queries."""

from __future__ import annotations

import shlex
from urllib.parse import quote


def commands(service: str, namespace: str, repository: str, now_ms: int) -> list[str]:
    """Shell commands, each run as a process of its own; KUBECONFIG, PROMETHEUS_URL and JAEGER_URL come from the environment.

    `repository` is the path of the service's source, `now_ms` Unix time in milliseconds.
    """
    kubectl = f"kubectl --namespace {namespace}"
    return [
        f"{kubectl} get pods -l app={service} -o wide",
        f"{kubectl} describe deployment {service}",
        f"{kubectl} get events --sort-by=.lastTimestamp | tail -20",
        f"{kubectl} logs --since=1h -l app={service} --tail=1000",
        f"{kubectl} top pods -l app={service}",
        f"git -C {shlex.quote(repository)} log --since='4 hours ago' --oneline --decorate",
        f"{kubectl} rollout history deployment/{service}",
        f"{kubectl} describe deployment {service} | grep -A 10 Events",
        # No match is an answer too: a container that has just started again may not have logged an error yet.
        f"{kubectl} logs -l app={service} --since=15m | {{ grep -i 'error\\|exception\\|fatal' || true; }} | sort | uniq -c | sort -rn",
        f"{kubectl} logs -l app={service} --since=15m | awk '/ERROR/' | sed 's/[0-9]\\{{1,\\}}/NUM/g' | sort | uniq -c | sort -rn",
        *(f'curl -sSf "$PROMETHEUS_URL/api/v1/query?query={quote(query)}"' for query in metric_queries(service)),
        *(f'curl -sSf "$JAEGER_URL/api/{request}"' for request in trace_requests(service, now_ms)),
    ]


def metric_queries(service: str) -> list[str]:
    """PromQL for the error rate, the 95th percentile of the latency and the memory usage, each against the day before."""
    errors = f'http_requests_total{{job="{service}",status=~"5.."}}'
    requests = f'http_requests_total{{job="{service}"}}'
    buckets = f'http_request_duration_seconds_bucket{{job="{service}"}}'
    memory = f'container_memory_usage_bytes{{pod=~"{service}.*"}}'
    limit = f'container_spec_memory_limit_bytes{{pod=~"{service}.*"}}'
    return [
        f"(rate({errors}[5m]) / rate({requests}[5m])) / (rate({errors}[1h] offset 1d) / rate({requests}[1h] offset 1d))",
        f"histogram_quantile(0.95, rate({buckets}[5m])) / histogram_quantile(0.95, rate({buckets}[1h] offset 1d))",
        f"({memory} / {limit}) / (avg_over_time({memory}[1d] offset 1d) / {limit})",
    ]


def trace_requests(service: str, now_ms: int) -> list[str]:
    """Paths below Jaeger's /api for the failed traces, the slow traces and the dependencies; `now_ms` is Unix time in milliseconds."""
    failed = quote('{"error":"true"}')
    return [
        f"traces?service={service}&tags={failed}&lookback=1h&limit=100",
        f"traces?service={service}&minDuration=1s&lookback=1h",
        f"dependencies?service={service}&endTs={now_ms}&lookback=3600000",
    ]
