# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.log_patterns import group
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.log_tokens import generalise, tokenise


def template(message: str) -> str:
    return "".join(tokenise(generalise(message)))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Failed to process payment 8f3a11bc after 512 ms", "Failed to process payment <*> after <*>"),
        ("connection from 10.0.0.1:4711 (host-1.example.com) at Fri Jun 17 07:07:00 2005", "connection from <*> (<*>) at <*>"),
        ("connection from 10.0.0.1 () at Fri Jun 17 07:07:00 2005", "connection from <*> (<*>) at <*>"),
        ("stored (estimated size 5.2 KB, free 93.0 B)", "stored (estimated size <*>, free <*>)"),
        ("ask 10.0.0.1:50010 to delete blk_1 blk_2, blk_3", "ask <*> to delete <*>"),
        ("read /var/lib/data/file: gone", "read <*>: gone"),
        ("Health check failed /health", "Health check failed /health"),
        ("synchronized to LOCAL(0), stratum 10", "synchronized to <*>, stratum <*>"),
        ("two   spaces\tand a tab ", "two spaces and a tab"),
        ("", ""),
        ("fetch https://api.example.com/v1/pay?id=5&x=y: refused", "fetch <*> refused"),
        ("db.example.com:5432 refused", "<*> refused"),
        ("mail to first.last@example.com bounced", "mail to <*> bounced"),
        ("load C:\\Windows\\System\\core.dll failed", "load <*> failed"),
        ("open for <1 sec, then for 00:01", "open for <*>, then for <*>"),
        ("wait enable.......0", "wait enable.......<*>"),
        ("ready=true,old=false, kind: null", "ready=<*>,old=<*>, kind:<*>"),
        ('lock tag="View Lock" taken', "lock tag=<*> taken"),
        ("register ffffffff 00000000 is bad", "register <*> is bad"),
        ("java.net.ConnectException: refused", "java.net.ConnectException: refused"),
        ("a feed was added", "a feed was added"),
    ],
)
def test_what_is_variable(message: str, expected: str) -> None:
    assert template(message) == expected


def groups(*messages: str) -> int:
    return len(set(group(messages).values()))


def test_many_values_in_one_place_are_a_variable() -> None:
    assert groups(*(f"state of {animal} has changed" for animal in ("cat", "dog", "cow", "hen"))) == 1
    assert groups(*(f"state of {animal} has changed" for animal in ("cat", "dog", "cow"))) == 3


def test_few_are_enough_after_a_word_that_announces_a_name() -> None:
    assert groups("session opened for user root by (uid=0)", "session opened for user news by (uid=0)") == 1


def test_few_are_enough_after_an_equals_sign() -> None:
    assert groups("lock taken by=alice at once", "lock taken by=bob at once") == 1


def test_states_and_error_codes_stay_apart_unless_they_are_many() -> None:
    assert groups("task moved from NEW to RUNNING", "task moved from NEW to FAILED", "task moved from DONE to FAILED") == 3
    assert groups("connect to database: ETIMEDOUT", "connect to database: ECONNRESET") == 2
    assert groups(*(f"power link {name} is disabled" for name in ("LNKA", "LNKB", "LNKC", "LNKD"))) == 1


def test_two_words_can_vary() -> None:
    assert (
        groups(*(f"user {who} left room {where} for good" for who in ("al", "bo", "cy", "di") for where in ("red", "tan", "sky", "jet")))
        == 1
    )


def test_the_first_word_and_short_messages_stay_apart() -> None:
    assert groups(*(f"{name} startup succeeded" for name in ("cupsd", "syslogd", "klogd", "hcid", "sdpd"))) == 5
    assert groups("normal", "warning", "running", "critical", "active") == 5


def test_messages_of_different_length_stay_apart() -> None:
    assert groups("check pass; user unknown", "check pass") == 2


def test_every_message_has_its_template() -> None:
    messages = ["a 1", "a 2", "b", "a 1"]
    assert set(group(messages)) == {"a 1", "a 2", "b"}
