"""Procedure modifiers: what each does to payment, and our own short words for it.

The common ones only; the operator's list (`rcm codes load hcpcs-modifiers`) knows them all.
"""

PAYMENT: dict[str, str] = {
    "22": "more work than usual", "23": "unusual anesthesia", "24": "unrelated visit after surgery",
    "25": "separate visit, same day", "26": "professional component", "50": "both sides",
    "51": "several procedures", "52": "reduced", "53": "stopped", "54": "surgery only",
    "55": "care after surgery only", "56": "care before surgery only", "57": "decision for surgery",
    "58": "staged or related, in the global period", "59": "distinct service",
    "62": "two surgeons", "63": "infant under 4 kg", "66": "surgical team",
    "73": "stopped before anesthesia", "74": "stopped after anesthesia",
    "76": "repeated, same person", "77": "repeated, another person",
    "78": "back to the operating room, related", "79": "unrelated, in the global period",
    "80": "assistant surgeon", "81": "minimum assistant", "82": "assistant, no resident",
    "91": "laboratory test repeated", "AA": "anesthesia by the physician",
    "AD": "supervision of five or more", "AS": "assistant at surgery, not a physician",
    "QK": "direction of two to four", "QX": "nurse anesthetist, directed",
    "QY": "direction of one", "QZ": "nurse anesthetist, alone", "TC": "technical component",
    "XE": "separate encounter", "XP": "separate practitioner", "XS": "separate structure",
    "XU": "unusual, not overlapping", "JW": "drug discarded", "JZ": "no drug discarded",
}  # fmt: skip
"""Modifiers that change payment: they come first."""

ANATOMY = frozenset(
    ("LT", "RT", "E1", "E2", "E3", "E4", "FA", "F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8",
     "F9", "TA", "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "LC", "LD", "LM", "RC", "RI")
)  # fmt: skip
"""Where on the body; they tell two services apart if they differ."""

INFORMATION = frozenset(
    ("27", "32", "33", "47", "90", "92", "93", "95", "96", "97", "99", "AI", "AQ", "AT", "CO", "CQ",
     "CR", "CS", "ET", "FQ", "FR", "FS", "FX", "FY", "GA", "GC", "GE", "GN", "GO", "GP", "GQ", "GT",
     "GX", "GY", "GZ", "JG", "KX", "NU", "PA", "PB", "PC", "PN", "PO", "PT", "Q5", "Q6", "Q7", "Q8",
     "Q9", "QW", "RR", "SG", "TB", "UE")
)  # fmt: skip
"""Common ones that tell something beside: notices, telehealth, therapy, place, substitutes."""

DISTINCT = frozenset(("59", "XE", "XP", "XS", "XU"))
NCCI_BYPASS = frozenset(("24", "25", "27", "57", "58", "78", "79", "91")) | DISTINCT | ANATOMY
"""Modifiers that let both codes of an NCCI pair of indicator 1 be paid, if the record bears it."""

EVALUATION_ONLY = frozenset(("24", "25", "57"))
SURGERY_ONLY = frozenset(("54", "55", "56", "58", "78", "79", "50", "51", "62", "66", "80", "82"))
REPEATED = frozenset(("76", "77", "91")) | DISTINCT

CONTRADICTIONS: tuple[tuple[str, str], ...] = (
    ("26", "TC"), ("LT", "RT"), ("50", "LT"), ("50", "RT"), ("76", "77"), ("78", "79"),
    ("58", "78"), ("58", "79"), ("52", "22"), ("73", "74"), ("JW", "JZ"),
    ("59", "XE"), ("59", "XP"), ("59", "XS"), ("59", "XU"), ("24", "57"),
)  # fmt: skip
"""Never both on one line."""


def is_evaluation(code: str) -> bool:
    """Tell if a CPT code is evaluation and management (or an eye visit), by its number."""
    return "99202" <= code <= "99499" or code in ("92002", "92004", "92012", "92014")
