"""Code sets: opening, validations, search, suggestions and groupings on one core; then a running
coding-svc with everything loaded.

    python -m benchmarks.codes [--data FOLDER] [--notes FILE.jsonl.gz]

Prints one JSON object. Codes are 85 % billable, 5 % headers and 10 % junk; searches are forty
questions of coders; notes are a CodiEsp part beside the repository, or a few sentences of our own.
"""

import argparse
import datetime as dt
import gzip
import json
import os
import random
import statistics
import sys
import time
from pathlib import Path

import psutil

from benchmarks import codes_service
from rcm.codes import registry
from rcm.codes.cac import model_file
from rcm.codes.cac.suggester import Suggester
from rcm.codes.grouping.drg import MsdrgEngine, Stay, StayDiagnosis, group_stay
from rcm.codes.grouping.hcc import HccScorer, Member
from rcm.codes.model import Status, System
from rcm.codes.search import Searcher
from rcm.codes.sets import CodeSets

ON = dt.date(2026, 11, 21)
NOT_REMEMBERED = 40
"""Hits of a search too many for its answer to be kept, so that each is worked out."""
VALIDATIONS, GROUPINGS = 100_000, 5_000
NOTES = Path(__file__).parents[2] / "shared/corpus/codesets/codiesp_en_dev.jsonl.gz"
QUERIES = (
    "type 2 diabetes with neuropathy", "acute appendicitis", "hypertension", "gerd", "chf",
    "fracture of left distal radius closed initial encounter", "torn meniscus knee", "afib",
    "copd exacerbation", "urinary tract infection", "low back pain", "migraine", "chest pain",
    "community acquired pneumonia", "ckd stage 3", "hypothyroidism", "anxiety", "stroke",
    "kidney stone", "heart attack", "sprained right ankle", "strep throat", "gout", "sepsis",
    "iron deficiency anemia", "carpal tunnel right wrist", "sleep apnea obstructive",
    "deep vein thrombosis left leg", "asthma attack", "vitamin d deficiency", "E11.4", "S52.50",
    "breast cancer right upper outer quadrant female", "cellulitis of left lower leg",
    "abdominal pain right lower quadrant", "bph without luts", "acute bronchitis",
    "hip fracture femoral neck left", "rheumatoid arthritis", "diabetic foot ulcer type 2",
)  # fmt: skip
NOTE = "72 yo woman with COPD exacerbation, afib and type 2 DM with neuropathy. No chest pain. "


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="data folder of the code sets")
    parser.add_argument("--notes", type=Path, default=NOTES, help="JSON Lines of notes, gzip")
    given = parser.parse_args()
    folder = given.data or registry.data_folder(os.environ, Path.home())
    registry.open_sets(folder, lambda text: print(text, file=sys.stderr)).close()

    result: dict[str, object] = {"memory_before_mb": _memory_mb()}
    began = time.perf_counter()
    sets = CodeSets.open(folder / registry.FILE_NAME)
    sets.standing("I10", System.ICD10CM, ON)
    sets.standing("0DTJ4ZZ", System.ICD10PCS, ON)
    searcher = Searcher(sets)
    result["open_and_first_answer_ms"] = _ms(time.perf_counter() - began)
    result |= _validations(sets)
    result |= _searches(searcher)
    result |= _suggestions(sets, given.notes)
    result |= _groupings(sets)
    result["memory_all_loaded_mb"] = _memory_mb()
    sets.close()
    result |= codes_service.measure(folder, list(QUERIES), _notes(given.notes)[:40])
    print(json.dumps(result, indent=1))


def _memory_mb() -> float:
    return round(psutil.Process().memory_info().rss / 1e6, 1)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _validations(sets: CodeSets) -> dict[str, object]:
    chance = random.Random(5)
    good = sorted(sets.codes_on(System.ICD10CM, ON))
    mixed = chance.choices(good, k=VALIDATIONS * 85 // 100)
    mixed += chance.choices(["E11.4", "S83.2", "K35.8"], k=VALIDATIONS * 5 // 100)
    mixed += chance.choices(["Z99.999", "ABC", "A00-A09", "E11.40X"], k=VALIDATIONS // 10)
    chance.shuffle(mixed)
    began = time.process_time()
    valid = sum(sets.standing(code, System.ICD10CM, ON) is Status.VALID for code in mixed)
    spent = time.process_time() - began
    assert valid == VALIDATIONS * 85 // 100, valid
    began = time.process_time()
    for code in mixed[:10_000]:
        sets.validate(code, System.ICD10CM, ON)
    worded = time.process_time() - began
    return {
        "validations_per_cpu_s": round(len(mixed) / spent),
        "validations_with_words_per_cpu_s": round(10_000 / worded),
    }


def _searches(searcher: Searcher) -> dict[str, object]:
    for query in QUERIES:
        searcher.search(query, System.ICD10CM, ON)
    times, cpu = [], []
    for _ in range(10):
        for query in QUERIES:
            wall, busy = time.perf_counter(), time.process_time()
            searcher.search(query, System.ICD10CM, ON, limit=NOT_REMEMBERED)
            times.append(time.perf_counter() - wall)
            cpu.append(time.process_time() - busy)
    return {
        "search_p50_ms": _ms(statistics.median(times)),
        "search_p99_ms": _ms(_percentile(times, 0.99)),
        "search_cpu_p99_ms": _ms(_percentile(cpu, 0.99)),
    }


def _notes(file: Path) -> list[str]:
    if not file.is_file():
        return [NOTE * 20] * 20
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    return [json.loads(line)["text"] for line in lines]


def _suggestions(sets: CodeSets, file: Path) -> dict[str, object]:
    notes = _notes(file)
    began = time.perf_counter()
    suggester = Suggester(sets, model_file.shipped())
    loaded = time.perf_counter() - began
    suggester.suggest(notes[0], ON)
    times = []
    for note in notes:
        busy = time.process_time()
        suggester.suggest(note, ON)
        times.append(time.process_time() - busy)
    return {
        "suggester_load_ms": _ms(loaded),
        "notes": len(notes),
        "suggest_cpu_mean_ms": _ms(statistics.mean(times)),
        "suggest_cpu_p99_ms": _ms(_percentile(times, 0.99)),
    }


def _groupings(sets: CodeSets) -> dict[str, object]:
    stay = Stay(
        discharge_on=ON, age_years=67, sex="M", discharge_status=1,
        diagnoses=tuple(StayDiagnosis(code, "Y") for code in ("I21.4", "J96.01", "E11.65")),
        procedures=("027034Z",),
    )  # fmt: skip
    with MsdrgEngine() as engine:
        began = time.process_time()
        for _ in range(GROUPINGS):
            group_stay(stay, engine, sets)
        grouped = time.process_time() - began
    scorer, member = HccScorer(), Member(age_years=70, sex="F")
    began = time.process_time()
    for _ in range(1_000):
        scorer.score(member, ("E11.40", "I50.9", "J44.9"), ON, sets)
    scored = time.process_time() - began
    return {
        "drg_groupings_per_cpu_s": round(GROUPINGS / grouped),
        "hcc_scores_per_cpu_s": round(1_000 / scored),
    }


if __name__ == "__main__":
    main()
