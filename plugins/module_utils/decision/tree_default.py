# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The default decision tree, as tools/decision_tree.py wrote it from roles/decide/files/decision_tree.yml."""

from __future__ import annotations

from typing import Any

from .tree_reading import tree_from

DOCUMENT: dict[str, Any] = {
    "version": 1,
    "tree": [
        {
            "ask": "High error rate (> {threshold})?",
            "check": "error_rate",
            "above": "5%",
            "unknown": "then",
            "then": [
                {
                    "ask": "Recent deployment (last {threshold})?",
                    "check": "deployment_age",
                    "below": "4h",
                    "then": [
                        {"ask": "Did it begin after the deployment?", "check": "after_deployment"},
                        {"ask": "Do error patterns match new code paths?", "check": "new_code"},
                        {"cause": "deployment", "when": "not began_before_deployment", "confidence": 85, "action": "rollback"},
                    ],
                    "else": [
                        {"ask": "Did it follow that deployment closely?", "check": "followed_deployment", "when": "followed_deployment"},
                        {"ask": "Do error patterns match new code paths?", "check": "new_code", "when": "followed_deployment"},
                        {"cause": "deployment", "when": "followed_deployment", "confidence": 85, "action": "rollback"},
                    ],
                },
                {"ask": "External dependency issue?", "check": "dependency_trouble", "when": "not deployment_in_question"},
                {"cause": "dependency", "when": "not deployment_in_question", "confidence": 60, "action": "investigate"},
            ],
        },
        {
            "ask": "High latency (P95 > {threshold})?",
            "check": "latency_p95",
            "above": "500ms",
            "then": [
                {
                    "ask": "Gradual degradation (over 30+ minutes)?",
                    "check": "gradual",
                    "unknown": "else",
                    "then": [
                        {"ask": "Memory trend rising?", "check": "memory_rising"},
                        {"ask": "CPU usage trend rising?", "check": "cpu_rising"},
                        {
                            "cause": "resource_leak",
                            "action": "restart",
                            "headline": "RESTART pods or scale out (resource leak)",
                            "remedies": [
                                "Restart pods one by one (quick fix)",
                                "Scale horizontally to gain time",
                                "Take a heap profile, then fix the leak",
                            ],
                        },
                    ],
                    "else": [
                        {
                            "ask": "Request rate up (by {threshold} or more)?",
                            "check": "traffic_change",
                            "at_least": "50%",
                            "then": [
                                {
                                    "cause": "load",
                                    "action": "scale",
                                    "headline": "SCALE UP (sudden load)",
                                    "remedies": ["Scale up", "Raise the autoscaler's maximum", "Limit the rate of the heaviest clients"],
                                }
                            ],
                        },
                        {
                            "ask": "Recent deployment (last {threshold})?",
                            "check": "deployment_age",
                            "below": "4h",
                            "then": [{"cause": "deployment", "confidence": 75, "action": "rollback"}],
                        },
                    ],
                }
            ],
        },
        {
            "ask": "Pod crashes (CrashLoopBackOff)?",
            "check": "crashes",
            "then": [
                {"ask": "Startup or health probe failures?", "check": "probe_failures"},
                {"ask": "Dependency connectivity issue?", "check": "dependency_trouble"},
                {
                    "ask": "Memory limit exceeded?",
                    "check": "out_of_memory",
                    "above": 0,
                    "then": [
                        {
                            "cause": "crash",
                            "action": "raise_limit",
                            "headline": "RAISE the memory limit (pods were OOMKilled)",
                            "remedies": ["Raise the memory limit", "Take a heap profile"],
                        }
                    ],
                },
                {
                    "ask": "Application startup error?",
                    "check": "startup_error",
                    "then": [
                        {
                            "cause": "crash",
                            "action": "investigate",
                            "remedies": ["Apply a hotfix for the error in the pod logs", "Make startup survive a missing dependency"],
                        }
                    ],
                },
                {
                    "cause": "deployment",
                    "when": ["deployment_in_question", "not began_before_deployment"],
                    "confidence": 85,
                    "action": "rollback",
                },
            ],
        },
    ],
}

DEFAULT_TREE = tree_from(DOCUMENT)
