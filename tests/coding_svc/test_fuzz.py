"""Whatever arrives, there is an answer, and it never asks for the same bytes again and again.

`AE` makes a sender repeat the message until it is taken: a message that our own code stumbles over
would stop a hospital's feed for good. So no bytes at all may end in one.
"""

import io
import random
from datetime import UTC, datetime

import pytest

from coding_cases import charges, dg1, ft1, in1, message, pid, profiles, pv1, register, segment
from coding_fhir_cases import bundle, resources
from coding_svc.codec.mllp import Frame
from coding_svc.handlers import Way, answer_frame, take_bundle
from coding_svc.main import MANIFEST
from rcm.platform.runtime import open_runtime
from rcm.platform.settings import Settings
from rcm.platform.telemetry import open_log

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MRG = segment("MRG", f1="R0^^^HOSP^MR", f3="A0")
SEEDS = [
    register(),
    charges(),
    message("ADT^A40", pid(), MRG),
    message("ADT^A40", pid(account="", f3=""), MRG),
    message("ADT^A31", pid(account="")),
    message("ADT^A13", pid(), pv1("I")),
    message("BAR^P12", pid(), dg1("I10", f21="D"), segment("PR1", f3="0DTJ4ZZ^^I10P", f20="A")),
    message("DFT^P11", pid(), pv1(), ft1(), dg1("I10"), in1(), ft1("T2", f6="CD"), in1("2")),
    message(
        "BAR^P05", pid(), pv1("I"), segment("UB2", f6="80^1", f7="11^2026"), segment("DRG", f1="x")
    ),
    message("MDM^T02", pid(), pv1(), segment("TXA", f12="D1")),
]
PIECES = [
    *(
        b"|",
        b"^",
        b"~",
        b"\\",
        b"&",
        b"\r",
        b"\n",
        b'""',
        b"",
        b"0",
        b"-1",
        b"1e9",
        b"NaN",
        b"\xff",
    ),
    *(
        "\u0661\u202e".encode(),
        b"\x00",
        b"99991231",
        b"00000000",
        b"20260230",
        b"9" * 40,
        b"A" * 300,
    ),
]


def mutated(chance: random.Random, data: bytes) -> bytes:
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(data))
        end = min(len(data), start + chance.choice([0, 0, 1, 2, 8, 40]))
        data = data[:start] + chance.choice(PIECES) + data[end:]
    return data


@pytest.mark.parametrize("seed", range(4))
async def test_no_bytes_make_a_sender_repeat_them_for_ever(tmp_path, seed):
    chance, log = random.Random(seed), io.StringIO()
    async with open_runtime(MANIFEST, Settings(data_dir=tmp_path)) as runtime:
        way = Way(runtime, "northside", profiles(), "mllp")
        for _ in range(150):
            data = mutated(chance, chance.choice(SEEDS))
            answers = await answer_frame(way, Frame(data), lambda: NOON, open_log("x", to=log))
            assert not any(b"MSA" in a and b"|AE|" in a for a in answers), (data, log.getvalue())
    assert "message-failed" not in log.getvalue()


async def test_no_bundle_is_a_failure_of_ours(tmp_path):
    import json

    chance = random.Random(7)
    whole = json.dumps(bundle(resources())).encode()
    pieces = [
        b"null",
        b"[]",
        b"{}",
        b'""',
        b"1e999",
        b"-0",
        b'"\\ud800"',
        b"true",
        b",",
        b"}",
        b'"',
    ]
    async with open_runtime(MANIFEST, Settings(data_dir=tmp_path)) as runtime:
        way = Way(runtime, "northside", profiles(), "http")
        for _ in range(150):
            start = chance.randrange(len(whole))
            end = start + chance.choice([0, 1, 5, 30])
            taken = await take_bundle(way, whole[:start] + chance.choice(pieces) + whole[end:])
            assert taken.result in ("ACCEPTED", "ACCEPTED_WITH_ISSUES", "IGNORED", "REJECTED")
