#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: metrics_info
short_description: Compare the golden signals of a service with what is usual
version_added: 0.1.0
description:
  - Asks Prometheus for the error rate, the request rate, latencies, memory, CPU, CPU throttling, connection pools and the team's own
    queries, now, a day ago, at the same hour of the last seven days and before the onset, and says how sure each difference is.
  - Where there are no requests under the names of the catalogue, those of the presets (OpenTelemetry, Istio, Micrometer, gRPC,
    ingress-nginx, Envoy) are tried, then series that have the service's name in another label than C(job).
    Classic and native histograms are read; a latency beyond the highest bucket of a classic one is a lower limit.
    A series that is absent or stale, C(NaN) and an infinite value are unknown, never zero.
  - The part of M(devops.incident_response.diagnostics_info) of that name, by itself. When the source is down, slow, forbidden or answers
    with nonsense, the module does not fail; the evidence is V(unavailable), and its C(reason) says what to do about it.
author:
  - devops.incident_response contributors (@devops)
options:
  timeframe:
    description: How far back to look, for example V(1h), V(4h) or V(24h).
    type: str
    default: 4h
  deadline:
    description: Seconds that it may take in all.
    type: float
    default: 15.0
extends_documentation_fragment:
  - devops.incident_response.prometheus
  - devops.incident_response.service
  - devops.incident_response.attributes
  - devops.incident_response.attributes.info_module
seealso:
  - module: devops.incident_response.diagnostics_info
"""

EXAMPLES = r"""
- name: See what has changed in the metrics of the payment API
  devops.incident_response.metrics_info:
    service: payment-api
    prometheus_url: http://prometheus:9090
  register: seen
"""

RETURN = r"""
metrics:
  description: The evidence.
  type: dict
  returned: success
  contains:
    source:
      description: The source's name.
      type: str
      returned: always
      sample: metrics
    status:
      description: V(ok), V(partial), V(unavailable) or V(skipped).
      type: str
      returned: always
      sample: ok
    reason:
      description: Why it is not V(ok).
      type: str
      returned: always
      sample: null
    collected_at:
      description: When it was asked (ISO 8601, UTC).
      type: str
      returned: always
      sample: "2025-10-21T14:25:30Z"
    took_ms:
      description: Milliseconds that it took.
      type: int
      returned: always
      sample: 96
    requests:
      description: Requests that were sent, to the cluster and to every other server.
      type: int
      returned: always
      sample: 39
    data:
      description: The signals. What is not known is V(null), with a reason beside it. V(null) where the evidence is V(unavailable).
      type: dict
      returned: always
      contains:
        signals:
          description: Every signal, the golden ones first.
          type: list
          elements: dict
          returned: always
          contains:
            name:
              description:
                - V(error_rate), V(latency_p95), V(latency_p50), V(request_rate), V(memory), V(cpu) or the name of a query of the catalogue.
                - V(client_error_rate), the share of requests that are refused with 4xx, where more are than usual, and fewer are answered
                  for it, or some pods refuse and others do not.
                - V(cpu_throttling) and V(pool) only where they are measured.
              type: str
              sample: error_rate
            title:
              description: What people call it.
              type: str
              sample: Error rate
            unit:
              description: V(share) (0 to 1), V(seconds), V(per_second), V(bytes) or V(number).
              type: str
              sample: share
            value:
              description: The present value.
              type: float
              sample: 0.45
            window:
              description: Seconds that the value is over; less than 300 after an onset that is younger.
              type: float
              sample: 300.0
            at_least:
              description:
                - Whether the value is only known to be at least that, since what is measured lies beyond the highest bucket of its
                  histogram. Then C(ratio) is a lower limit as well, and V(null) where the baseline is one, too.
              type: bool
              sample: false
            baseline_at_least:
              description: The same of the baseline.
              type: bool
              sample: false
            baseline:
              description: The same hour a day ago; C(reason) says where it is another one.
              type: float
              sample: 0.001
            ratio:
              description: The value as a multiple of the baseline; V(null) where that is zero or unknown.
              type: float
              sample: 450.0
            onset:
              description: When it left its baseline (ISO 8601, UTC, by Prometheus' clock).
              type: str
              sample: "2025-10-21T14:24:10Z"
            shape:
              description: How it did, V(steady), V(sudden), V(gradual) or V(unknown).
              type: str
              sample: sudden
            reason:
              description: Why something of it is unknown, or not as usual.
              type: str
              sample: null
            higher_is_better:
              description: Whether a lower value is worse.
              type: bool
              sample: false
            trend_per_hour:
              description: Its slope over the timeframe, in units an hour.
              type: float
              sample: 0.02
            critical_ratio:
              description: The multiple of the baseline from which it is critical.
              type: float
              sample: 10.0
            earlier_onsets:
              description: When it was as bad before within the timeframe, and recovered.
              type: list
              elements: str
              sample: []
            onset_gap:
              description: Seconds without data in the middle of which the onset is; V(null) where it was not found so.
              type: float
              sample: 10.0
            recovering:
              description: Whether it has come back most of the way by itself, and still does.
              type: bool
              sample: false
            comparison:
              description:
                - How sure it is that it differs from what is usual, by single minutes of now against the same hour of several days; where
                  there are fewer than three of these, against the two hours before the onset or the deployment.
                - V(null) where there is no value.
              type: dict
              contains: &comparison
                verdict:
                  description:
                    - V(better), V(same), V(worse) or V(unknown). V(same) is shown by a test of its own, and never the lack of V(worse).
                    - Where either direction is a departure (the request rate), both are V(worse).
                  type: str
                  sample: worse
                sentence:
                  description: Why, for a person.
                  type: str
                  sample: "worse, 96.9% sure: median 45% (1 value) against 0.1% (63 values)"
                p_value:
                  description: Probability of a difference at least so clear if nothing had changed (two-sided).
                  type: float
                  sample: 0.031
                sureness:
                  description: How sure the verdict is (0 to 1); V(null) where it is V(unknown).
                  type: float
                  sample: 0.969
                superiority:
                  description: Probability that a value of now is above one of before; 0.5 is no difference.
                  type: float
                  sample: 1.0
                shift:
                  description: The typical difference between now and before, in the signal's unit.
                  type: float
                  sample: 0.449
                values_now:
                  description: How many independent values of now were compared.
                  type: int
                  sample: 1
                values_before:
                  description: With how many of before.
                  type: int
                  sample: 63
            baselines:
              description: All that it is held against; empty where there is no value.
              type: list
              elements: dict
              contains:
                name:
                  description:
                    - V(day_before), the mean of an hour; V(same_hour), the median of ten minutes before and after this time on each of the
                      last seven days; V(week_before), the same of the last of these alone; V(before_deployment), the median of the two
                      hours before it, where a deployment is known.
                    - This module does not ask the cluster, so V(before_deployment) is only in M(devops.incident_response.diagnostics_info).
                  type: str
                  sample: same_hour
                value:
                  description: In the signal's unit.
                  type: float
                  sample: 0.001
                ratio:
                  description: The signal's value as a multiple of it; V(null) where it is zero or unknown.
                  type: float
                  sample: 450.0
                days:
                  description: Of how many days it is, for V(same_hour).
                  type: int
                  sample: 7
                comparison:
                  description: As the signal's own; V(null) for V(day_before), which is a single value.
                  type: dict
                  contains: *comparison
                reason:
                  description: Why it is unknown, or only a lower limit.
                  type: str
                  sample: null
        onset:
          description: When the first of the signals that users feel (errors, latency) left its baseline.
          type: str
          returned: always
          sample: "2025-10-21T14:24:10Z"
        scrape_interval:
          description: Seconds between two scrapes, measured; the tolerance of every onset.
          type: float
          returned: always
          sample: 15.0
        notes:
          description: >-
            What is missing, and what is worth knowing: warnings of Prometheus or Thanos, names that were found under another preset,
            replicas without deduplication, a clock that is off.
          type: list
          elements: str
          returned: always
          sample: ["Prometheus warns: No StoreAPIs matched for this query"]
        neighbours:
          description: Other services that fail and usually do not, the worst first.
          type: list
          elements: dict
          returned: always
          contains:
            name:
              description: Its C(job), or its workload in a mesh.
              type: str
              sample: cart-api
            error_rate:
              description: Share of its requests that fail.
              type: float
              sample: 0.2
            onset:
              description: Since when.
              type: str
              sample: "2025-10-21T14:24:10Z"
        preset:
          description: Whose metric names the values were found under.
          type: str
          returned: always
          sample: default
        pods:
          description: In which pods requests fail, the worst first; empty where few fail, or where the series do not tell the pods apart.
          type: list
          elements: dict
          returned: always
          contains:
            pod:
              description: Its name.
              type: str
              sample: payment-api-7c9f8d5b6-x2x4q
            error_rate:
              description: Share of its requests within five minutes that failed.
              type: float
              sample: 0.45
findings:
  description: Judged facts drawn from it, the worst first.
  type: list
  elements: dict
  returned: success
  sample: [{"id": "metrics.error_rate", "source": "metrics", "level": "critical", "observed": 0.45, "baseline": 0.001, "ratio": 450.0}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.devops.incident_response.plugins.module_utils.faces.connections import run
from ansible_collections.devops.incident_response.plugins.module_utils.faces.one_source import source_result, source_spec
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import Source


def main() -> None:
    module = AnsibleModule(argument_spec=source_spec(Source.METRICS), supports_check_mode=True)
    run(module, lambda: source_result(module.params, Source.METRICS))


if __name__ == "__main__":
    main()
