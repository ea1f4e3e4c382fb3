"""Addressed luck against published answers, and against what random numbers must be like."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.luck import Stream, integers_below, philox, uniform

ONES = 0xFFFFFFFF
N = np.arange(100_000)


@pytest.mark.parametrize(("counter", "key", "answer"), [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES, ONES, ONES, ONES), (ONES, ONES), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
     (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
])  # fmt: skip
def test_known_answers_of_random123(counter, key, answer):
    words = philox(key, tuple(np.array([word, 0, word], np.uint64) for word in counter))
    assert tuple(int(word[0]) for word in words) == answer
    assert all(word[0] == word[2] for word in words)


def plain_philox(counter, key):
    """The same function again, one counter at a time, in Python's whole numbers."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p, q = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(q >> 32) ^ c[1] ^ k[0], q & ONES, (p >> 32) ^ c[3] ^ k[1], p & ONES]
        k = [(k[0] + 0x9E3779B9) & ONES, (k[1] + 0xBB67AE85) & ONES]
    return c


addresses = {
    "seed": st.integers(0, 2**64 - 1), "replication": st.integers(0, 2**32 - 1), "stream": st.sampled_from(Stream),
    "entity": st.integers(0, 2**48 - 1), "ordinal": st.integers(0, 2**32 - 1),
}  # fmt: skip


@given(**addresses)
def test_a_draw_is_the_function_of_its_address(seed, replication, stream, entity, ordinal):
    counter = (ordinal, entity & ONES, entity >> 32 | stream << 16, replication)
    first, second, *_ = plain_philox(counter, (seed & ONES, seed >> 32))
    bits = (first << 32 | second) >> 11
    drawn = uniform(seed, replication, stream, np.array([entity]), ordinal)
    assert drawn[0] * 2**53 == max(bits, 0.5)
    below = integers_below(1000, seed, replication, stream, np.array([entity]), ordinal)
    assert below[0] == (first << 32 | second) * 1000 >> 64


@settings(deadline=None)
@given(st.permutations(range(40)), st.integers(1, 39))
def test_neither_order_nor_batch_matters(order, cut):
    entity, ordinal = np.arange(40) % 7, np.arange(40) // 7
    whole = uniform(5, 2, Stream.WAIT, entity, ordinal)
    mixed = np.array(order)
    assert np.array_equal(uniform(5, 2, Stream.WAIT, entity[mixed], ordinal[mixed]), whole[mixed])
    parts = [uniform(5, 2, Stream.WAIT, entity[rows], ordinal[rows]) for rows in (slice(cut), slice(cut, None))]
    assert np.array_equal(np.concatenate(parts), whole)


def test_a_batch_of_several_blocks_is_one():
    whole = uniform(1, 0, Stream.CPU, N)
    rows = np.array([0, 2**14 - 1, 2**14, 2**15, len(N) - 1])
    assert np.array_equal(uniform(1, 0, Stream.CPU, rows), whole[rows])


def test_every_part_of_the_address_matters():
    entity = np.arange(2000)
    draws = [
        uniform(1, 0, Stream.CPU, entity), uniform(2, 0, Stream.CPU, entity), uniform(1 + 2**32, 0, Stream.CPU, entity),
        uniform(1, 1, Stream.CPU, entity), uniform(1, 0, Stream.CPU, entity, 1),
        uniform(1, 0, Stream.CPU, entity + 2**40),
        *(uniform(1, 0, stream, entity) for stream in Stream if stream is not Stream.CPU),
    ]  # fmt: skip
    assert len(np.unique(np.concatenate(draws))) == 2000 * len(draws)
    correlations = np.corrcoef(draws)[np.triu_indices(len(draws), 1)]
    # Fisher: of independent draws a correlation is normal with deviation 1 / sqrt(n)
    assert np.abs(correlations).max() < scipy.stats.norm.isf(0.0005 / len(correlations)) / np.sqrt(2000)


def test_streams_have_numbers_of_their_own():
    assert len({int(stream) for stream in Stream}) == len(Stream.__members__)
    assert all(0 < stream < 2**16 for stream in Stream)


@pytest.mark.parametrize("draws", [
    lambda: uniform(1, 0, Stream.START, N),
    lambda: uniform(1, 0, Stream.START, np.array(3), N),
    lambda: uniform(1, 0, Stream.START, N << 24 | 5),
    lambda: np.concatenate([uniform(1, replication, Stream.START, N[:100]) for replication in range(1000)]),
    lambda: np.concatenate([uniform(seed, 0, Stream.START, N[:100]) for seed in range(1000)]),
], ids=["entities", "ordinals", "agents", "replications", "seeds"])  # fmt: skip
def test_draws_are_uniform_and_independent(draws):
    u = draws()
    assert u.min() > 0 and u.max() < 1
    assert scipy.stats.kstest(u, "uniform").pvalue > 0.001
    assert scipy.stats.chisquare(np.bincount((u * 256).astype(int), minlength=256)).pvalue > 0.001
    pairs = (u[:-1:2] * 16).astype(int) * 16 + (u[1::2] * 16).astype(int)
    assert scipy.stats.chisquare(np.bincount(pairs, minlength=256)).pvalue > 0.001
    low_bits = (u * 2**53).astype(np.int64) % 64
    assert scipy.stats.chisquare(np.bincount(low_bits, minlength=64)).pvalue > 0.001


def test_the_zero_is_taken_as_half_a_step(monkeypatch):
    nothing = np.zeros(1, np.uint64)
    monkeypatch.setattr("sim.luck.philox", lambda key, counter: (nothing,) * 4)
    assert uniform(0, 0, Stream.CPU, np.array([0]))[0] == 2.0**-54
    full = np.full(1, ONES, np.uint64)
    monkeypatch.setattr("sim.luck.philox", lambda key, counter: (full,) * 4)
    assert uniform(0, 0, Stream.CPU, np.array([0]))[0] == 1 - 2.0**-53
    assert integers_below(2**32, 0, 0, Stream.CPU, np.array([0]))[0] == ONES


@pytest.mark.parametrize("below", [1, 2, 7, 100])
def test_whole_numbers_below(below):
    drawn = integers_below(below, 3, 0, Stream.SESSION_PICK, N)
    assert drawn.dtype == np.int64
    assert scipy.stats.chisquare(np.bincount(drawn, minlength=below)).pvalue > 0.001 or below == 1
    assert drawn.min() == 0 and drawn.max() == below - 1


def test_shapes_are_broadcast():
    table = uniform(1, 0, Stream.LOOP, np.arange(3)[:, None], np.arange(4))
    assert table.shape == (3, 4)
    assert table[2, 3] == uniform(1, 0, Stream.LOOP, np.array(2), 3)
    assert uniform(1, 0, Stream.LOOP, np.zeros(0, np.int64)).shape == (0,)


@pytest.mark.parametrize(("change", "message"), [
    ({"seed": -1}, "seed -1 is not from 0 to"), ({"seed": 2**64}, "seed"), ({"replication": 2**32}, "replication"),
    ({"replication": -1}, "replication"), ({"entity": np.array([0, -1])}, "entity -1 is not from 0 to 281474976710655"),
    ({"entity": np.array([2**48, 0])}, "entity"), ({"ordinal": np.array([0, 2**32])}, "ordinal 4294967296"),
    ({"ordinal": -1}, "ordinal -1"),
])  # fmt: skip
def test_an_address_out_of_range_is_an_error(change, message):
    address = {"seed": 0, "replication": 0, "stream": Stream.CPU, "entity": np.array([0, 0]), "ordinal": 0} | change
    with pytest.raises(ValueError, match=message):
        uniform(**address)


@pytest.mark.parametrize("below", [0, 2**32 + 1])
def test_a_limit_out_of_range_is_an_error(below):
    with pytest.raises(ValueError, match="below"):
        integers_below(below, 0, 0, Stream.CPU, np.array([0]))


SCRIPT = """
import hashlib, sys
import numpy as np
from numpy._core._multiarray_umath import __cpu_features__ as features
from sim.luck import Stream, uniform
assert not any(features[name] for name in sys.argv[1].split())
print(hashlib.sha256(uniform(1, 0, Stream.START, np.arange(100_000)).tobytes()).hexdigest())
"""


def test_bits_do_not_depend_on_the_processor():
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    optional = " ".join(name for name in __cpu_dispatch__ if __cpu_features__[name])
    if not optional:
        pytest.skip("numpy uses no optional feature of this processor")
    run = subprocess.run([sys.executable, "-c", SCRIPT, optional], capture_output=True, text=True, check=True,
                         env=os.environ | {"NPY_DISABLE_CPU_FEATURES": optional})  # fmt: skip
    assert run.stdout.strip() == hashlib.sha256(uniform(1, 0, Stream.START, N).tobytes()).hexdigest()
