"""Write our verdict on every file of the public corpus: `python tests/x12_verdicts.py`.

The table, tests/x12/corpus_verdicts.csv, is ours; the corpus is not part of the repository.
`test_corpus.py` holds the two together, so that a change of mind shows in a diff.
"""

import csv
from collections import Counter
from io import BytesIO
from pathlib import Path

from rcm.x12.examine import Examination
from rcm.x12.findings import Severity
from x12_cases import CORPUS, corpus_files

TABLE = Path(__file__).parent / "x12" / "corpus_verdicts.csv"
COLUMNS = ("file", "verdict", "errors", "warnings", "reason")


def verdict(path):
    """Judge one file: valid, or broken; with the rules that say so, and the first reasons."""
    findings = list(Examination(BytesIO(path.read_bytes())).findings())
    errors = [one for one in findings if one.is_error]
    warnings = {one.rule_id for one in findings if one.severity is Severity.WARNING}
    reasons = {}
    for one in errors:
        reasons.setdefault(one.rule_id, f"{one.position or 'file'}: {one.message}")
    return {
        "file": path.relative_to(CORPUS).as_posix(),
        "verdict": "broken" if errors else "valid",
        "errors": " ".join(sorted(Counter(one.rule_id for one in errors))),
        "warnings": " ".join(sorted(warnings)),
        "reason": " | ".join(list(reasons.values())[:3]) or "nothing is wrong with it",
    }


def rows():
    """Read the table."""
    with TABLE.open(newline="") as source:
        return {row["file"]: row for row in csv.DictReader(source)}


def main():
    """Write the table anew."""
    with TABLE.open("w", newline="") as target:
        writer = csv.DictWriter(target, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(verdict(path) for path in corpus_files())


if __name__ == "__main__":
    main()
