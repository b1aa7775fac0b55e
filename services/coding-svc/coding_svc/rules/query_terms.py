"""Words that name a diagnosis, for the check of a query's wording.

Not a terminology: the conditions that queries are usually about, as stems, so that a title or a
question that names one is noticed. A word that is none of these may still name a diagnosis; that
the options rest on indicators of the record is checked beside this, for every option.
"""

import re
from typing import Final, NamedTuple


class Term(NamedTuple):
    """A diagnosis that a text names.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        stem: What it is compared by: the same for `septic` and `sepsis`.
    """

    start: int
    end: int
    stem: str


_STEMS: Final = {
    "sepsis": r"sepsis|septic(?:emia|\w*)|bacter(?:a)?emia|SIRS",
    "shock": r"shock",
    "pneumonia": r"(?:broncho)?pneumoni(?:a|tis)",
    "respiratory-failure": r"respiratory (?:failure|insufficiency|arrest)|ARDS",
    "heart-failure": r"(?:heart|cardiac|ventricular) failure|CHF|HFrEF|HFpEF|HFmrEF"
    r"|cardiomyopath\w+|cor pulmonale",
    "infarction": r"infarct(?:ion|s|ed)?|NSTEMI|STEMI|acute coronary syndrome",
    "kidney-injury": r"(?:kidney|renal) (?:injury|failure|insufficiency)|AKI|ATN|tubular necrosis",
    "kidney-disease": r"(?:kidney|renal) disease|CKD|ESRD",
    "malnutrition": r"malnutrition|malnourish\w+|cachexia|kwashiorkor|marasmus",
    "obesity": r"obes(?:e|ity)|overweight",
    "encephalopathy": r"encephalopath\w+|delirium|dementia|coma(?:tose)?",
    "anemia": r"an(?:a)?emi(?:a|c)|pancytopenia|thrombocytopenia|coagulopath\w+",
    "hemorrhage": r"h(?:a)?emorrhag\w+|h(?:a)?ematoma",
    "pressure-injury": r"pressure (?:ulcer|injur)\w*|decubit\w+|bedsore\w*",
    "diabetes": r"diabet\w+|ketoacidosis|DKA|neuropath\w+|nephropath\w+|retinopath\w+",
    "stroke": r"stroke|CVA|TIA|hemipleg\w+|hemipar\w+",
    "thrombosis": r"thrombos[ei]s|DVT|embol\w+",
    "electrolytes": r"(?:hypo|hyper)(?:natr|kal|calc|magnes|phosphat)(?:a)?emia",
    "acid-base": r"acidosis|alkalosis",
    "hypertension": r"hypertensi(?:on|ve)|hypotension",
    "lung-disease": r"COPD|asthma\w*|emphysema|atelectasis|pneumothorax|pleural effusion"
    r"|pulmonary (?:edema|oedema)",
    "infection": r"infect(?:ion|ions|ed)|abscess\w*|cellulitis|osteomyelitis|UTI|pyelonephritis"
    r"|peritonitis|endocarditis|meningitis|gangrene|necrosis",
    "neoplasm": r"cancer\w*|carcinoma\w*|malignan\w+|neoplasm\w*|metasta\w+|tumou?r\w*|lymphoma\w*"
    r"|leuk(?:a)?emia\w*|sarcoma\w*",
    "fracture": r"fractur\w+|dislocat\w+",
    "complication": r"complications?|iatrogenic|dehiscence|perforation",
    "bowel": r"ileus|(?:bowel|intestinal) obstruction|colitis|pancreatitis|cholecystitis"
    r"|appendicitis|diverticulitis|cirrhosis|hepatitis|ascites",
    "mental": r"depress(?:ion|ive)|bipolar|schizophreni\w+|psychos[ei]s|dependence|withdrawal",
    "rhythm": r"(?:atrial )?fibrillation|flutter|tachycardia|bradycardia|heart block"
    r"|cardiac arrest",
}
_CASED: Final = re.compile(r"^[A-Z]{2,}$|^HF[a-z]+EF$", re.ASCII)


def _compiled() -> dict[str, tuple[re.Pattern[str], ...]]:
    """Abbreviations are read as they are written, words in any case."""
    found: dict[str, tuple[re.Pattern[str], ...]] = {}
    for stem, pattern in _STEMS.items():
        parts = _alternatives(pattern)
        cased = [part for part in parts if _CASED.match(part)]
        plain = [part for part in parts if part not in cased]
        patterns = [re.compile(rf"\b(?:{'|'.join(plain)})\b", re.IGNORECASE)] if plain else []
        patterns += [re.compile(rf"\b(?:{'|'.join(cased)})\b")] if cased else []
        found[stem] = tuple(patterns)
    return found


def _alternatives(pattern: str) -> list[str]:
    """Split at the bars that stand in no group."""
    parts, depth, start = [], 0, 0
    for at, character in enumerate(pattern):
        depth += (character == "(") - (character == ")")
        if character == "|" and not depth:
            parts.append(pattern[start:at])
            start = at + 1
    return [*parts, pattern[start:]]


_PATTERNS: Final = _compiled()


def diagnoses_in(text: str) -> list[Term]:
    """Find what a text names as a diagnosis, in order."""
    found = {
        Term(match.start(), match.end(), stem)
        for stem, patterns in _PATTERNS.items()
        for pattern in patterns
        for match in pattern.finditer(text)
    }
    return sorted(found)


def stems_of(*texts: str) -> frozenset[str]:
    """Name the diagnoses that some texts speak of."""
    return frozenset(term.stem for text in texts for term in diagnoses_in(text))
