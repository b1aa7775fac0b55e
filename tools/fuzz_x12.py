"""Fuzz rcm.x12 with atheris: lexer, each reader, findings, JSON, round trip.

    python -m tools.fuzz_x12                          every target in turn, a minute each
    python -m tools.fuzz_x12 --seconds 600 lexer 837  two of them, ten minutes each

What must hold is in `tests/x12_fuzz_targets.py`. Inputs are our own samples and, where it stands
beside the repository, the public corpus; half of the mutations are by segment, so that they get
past the envelopes. What was found stays in .data/fuzz: an input that fails, or takes more than a
second of the processor, is left there as `crash-...`, and its target ends with it.
"""

import argparse
import random
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]
FOLDER = ROOT / ".data" / "fuzz"
CORPUS = ROOT.parent / "shared" / "corpus" / "x12"
#: Instrumented code takes some six times as long as it does in service.
SECONDS_MAX = 6.0
INPUT_BYTES_MAX = 8192
TARGETS = ("lexer", "reader", "835", "837", "others", "findings", "json", "round-trip")


def main() -> None:
    """Run the targets that were asked for, each in a process of its own."""
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    asked.add_argument("--seconds", type=int, default=60, help="for each target")
    asked.add_argument("--one", choices=TARGETS, help=argparse.SUPPRESS)
    asked.add_argument("targets", nargs="*", choices=[*TARGETS, []], help="all of them, if none")
    options = asked.parse_args()
    if options.one:
        _fuzz(options.one, options.seconds)
        return
    failed = [name for name in options.targets or TARGETS if not _apart(name, options.seconds)]
    print(f"failed: {', '.join(failed)}" if failed else "every target held")
    sys.exit(1 if failed else 0)


def _apart(name: str, seconds: int) -> bool:
    """Run one target; say what became of it in a line."""
    command = [sys.executable, "-m", "tools.fuzz_x12", "--one", name, "--seconds", str(seconds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    tries = re.findall(r"^Done (\d+) runs", done.stderr, re.MULTILINE)
    print(f"{name:12} {tries[0] + ' inputs' if tries else 'FAILED'}", flush=True)
    if done.returncode:
        print(done.stderr[-4000:])
    return done.returncode == 0


def _fuzz(name: str, seconds: int) -> None:
    """Fuzz one target in this process, which ends here."""
    import atheris  # noqa: PLC0415 - instrumented imports come after it

    with atheris.instrument_imports(include=["rcm"]):
        import x12_fuzz_targets  # noqa: PLC0415 - instrumented

    target = x12_fuzz_targets.TARGETS[name]
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    samples = [*x12_fuzz_targets.seeds(), *_public()]
    for number, sample in enumerate(samples):
        (folder / f"seed-{number}").write_bytes(sample)

    def once(data: bytes) -> None:
        began = time.process_time()
        target(data)
        assert time.process_time() - began < SECONDS_MAX, "an input takes too long"

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if rng.randrange(2):
            return bytes(atheris.Mutate(data, most))
        return by_segment(data, rng, samples)[:most]

    arguments = [
        sys.argv[0], f"-max_total_time={seconds}", f"-max_len={INPUT_BYTES_MAX}", "-timeout=60",
        "-rss_limit_mb=2048", f"-artifact_prefix={FOLDER}/{name}-", str(folder),
    ]  # fmt: skip
    atheris.Setup(arguments, once, custom_mutator=mutate)
    atheris.Fuzz()


def _public() -> list[bytes]:
    """Give the public files that are small enough to change often."""
    files = (path.read_bytes() for path in sorted(CORPUS.glob("*/*.edi")))
    return [data for data in files if len(data) < INPUT_BYTES_MAX // 2]


def by_segment(data: bytes, rng: random.Random, samples: list[bytes]) -> bytes:
    """Drop, repeat, move or swap segments and elements, or take one from another sample."""
    marks = data[105:106] or b"~", data[3:4] or b"*"
    segments = data.split(marks[0])
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(segments))
        choice = rng.randrange(6)
        if choice == 0 and len(segments) > 1:
            del segments[place]
        elif choice == 1:
            segments.insert(rng.randrange(len(segments)), segments[place])
        elif choice == 2:
            other = rng.choice(samples).split(b"~")
            segments.insert(place, rng.choice(other))
        else:
            elements = segments[place].split(marks[1])
            at = rng.randrange(len(elements))
            values = [b"", b"0", b"-1", b".5", b"1.005", b"20260230", b":", b"^", b" ", b"A" * 61,
                      b"\xc3\xa9", b"\xff", b"99999999999999999999", elements[0]]  # fmt: skip
            elements[at : at + rng.randint(0, 1)] = [rng.choice(values)]
            segments[place] = marks[1].join(elements)
    return marks[0].join(segments)


if __name__ == "__main__":
    main()
