# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import random
from collections import Counter

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.log_block import Block
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.log_keys import refined


def made(chance: random.Random, size: int) -> tuple[Block, bytes]:
    """A block whose lines are their own keys, each beginning with the letter of its part."""
    lines = [b"%c%d" % (chance.choice(b"bbbboooctefpgr"), chance.randrange(3)) for _unused in range(size)]
    return Block(b"\n".join(lines), list(lines)), bytes(line[0] for line in lines)


@pytest.mark.parametrize("seed", range(40))
def test_keys_counts_and_lines_agree_after_lines_were_joined(seed: int) -> None:
    block, parts = made(random.Random(seed), size=seed * 5 + 1)
    block.join(parts)
    assert block.counts == Counter(block.keys)
    assert all(block.counts.values())
    begin = 0
    for key in block.keys:
        assert b"\n".join(block.at(begin)) == key
        begin += key.count(b"\n") + 1
    assert begin == block.size
    lines = block.text.split(b"\n")
    starts: dict[bytes, list[int]] = {}
    begin = 0
    for key in block.keys:
        starts.setdefault(key, []).append(begin)
        begin += key.count(b"\n") + 1
    assert {key: (block.first(key), block.last(key)) for key in starts} == {key: (found[0], found[-1]) for key, found in starts.items()}
    assert dict(block.last_lines()) == {key: lines[found[-1]] for key, found in starts.items()}


@pytest.mark.parametrize("changed", [1, 2, 30, 100])
def test_counts_are_right_however_many_lines_get_another_key(changed: int) -> None:
    block, _parts = made(random.Random(changed), size=100)
    block.give({number: b"new %d" % (number % 3) for number in range(changed)})
    assert block.counts == Counter(block.keys)
    assert all(block.counts.values())
    assert [key.startswith(b"new") for key in block.keys] == [number < changed for number in range(100)]


def test_a_refined_key_has_the_level_of_its_line_and_where_it_is_exact_its_words() -> None:
    lines = [b'{"level":30} fail 7', b'{"level":50} failed 8', b'{"level":30} failed 9', b'{"level":50} other']
    few = refined([b"k"] * 4, lines, {b"k": False})
    assert few == [b"k\x0030", b"k\x0050", b"k\x0030", b"k\x0050"]
    assert few[0] is few[2]
    own = refined([b"x", b"k", b"x", b"x"], lines, {b"k": False, b"x": True})
    assert own == [b'x\x00{"level":0} fail 0\x0030', b"k\x0050", b'x\x00{"level":0} failed 0\x0030', b'x\x00{"level":0} other\x0050']
