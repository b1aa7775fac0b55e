"""Hierarchical condition categories (CMS-HCC V28) for risk adjustment, by the hccinfhir package.

A diagnosis newer than the mapping is said to be "not mapped yet", never counted as zero: the score
is then a lower bound, and says so.
"""

import datetime as dt
import enum
import warnings
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from rcm.codes.forms import normalise
from rcm.codes.model import Status, System
from rcm.codes.sets import CodeSets

MODEL = "CMS-HCC Model V28"
MAPPING = "payment year 2026"
MAPPED_THROUGH = dt.date(2026, 9, 30)
"""Codes that began later are in no mapping that is installed."""
_THOUSANDTH = Decimal("0.001")


class Mapping(enum.StrEnum):
    """What risk adjustment makes of a diagnosis."""

    MAPPED = "mapped"
    NOT_PAID = "no payment category"
    NOT_MAPPED_YET = "not mapped yet"
    NOT_VALID = "not a billable code on the date"


class DiagnosisHcc(msgspec.Struct, frozen=True):
    """A diagnosis and its payment categories, before hierarchies."""

    code: str
    mapping: Mapping
    categories: tuple[str, ...]


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Who is scored.

    Attributes:
        age_years: On 1 February of the payment year.
        sex: "M" or "F".
        dual_code: Medicaid dual eligibility: "NA" for none. MMR field.
        original_reason_code: Of entitlement: 0 age, 1 disability, 2 ESRD, 3 both.
    """

    age_years: int
    sex: str
    dual_code: str = "NA"
    original_reason_code: str = "0"


class Score(msgspec.Struct, frozen=True):
    """A raw risk score.

    Attributes:
        raw: To three decimals, before normalisation and coding adjustment.
        categories: Paid, after hierarchies.
        diagnoses: One for each given.
        complete: False if some diagnosis is not mapped yet: the score may be higher.
        model: Model and mapping.
    """

    raw: Decimal
    categories: tuple[str, ...]
    diagnoses: tuple[DiagnosisHcc, ...]
    complete: bool
    model: str


class HccScorer:
    """The V28 community model; loading takes a second, and 25 MB stay."""

    def __init__(self) -> None:
        """Read the mapping and coefficients from the package."""
        with warnings.catch_warnings():
            # The package reads its files by a call that importlib.resources is retiring.
            warnings.simplefilter("ignore", DeprecationWarning)
            from hccinfhir import (  # noqa: PLC0415 - heavy, loaded only by who scores
                defaults,
                model_calculate,
            )
        for table in (
            defaults.dx_to_cc_default, defaults.coefficients_default, defaults.labels_default,
            defaults.hierarchies_default, defaults.is_chronic_default, defaults.edits_default,
        ):  # fmt: skip
            _keep_only(MODEL, table)
        self._score = model_calculate.calculate_raf
        self._mapping: dict[str, tuple[str, ...]] = {
            code: tuple(sorted(str(category) for category in categories))
            for (code, _), categories in defaults.dx_to_cc_default.items()
        }

    def categories(self, code: str, on: dt.date, sets: CodeSets) -> DiagnosisHcc:
        """Return the categories of one diagnosis; the flag that a coder sees beside it."""
        plain = normalise(code)
        if sets.standing(plain, System.ICD10CM, on) is not Status.VALID:
            return DiagnosisHcc(plain, Mapping.NOT_VALID, ())
        found = self._mapping.get(plain, ())
        if found:
            return DiagnosisHcc(plain, Mapping.MAPPED, found)
        began = sets.spans(plain, System.ICD10CM)[-1].valid_from
        missing = Mapping.NOT_MAPPED_YET if began > MAPPED_THROUGH else Mapping.NOT_PAID
        return DiagnosisHcc(plain, missing, ())

    def score(self, member: Member, codes: Sequence[str], on: dt.date, sets: CodeSets) -> Score:
        """Score a member for diagnoses in force on a date of service."""
        diagnoses = tuple(self.categories(code, on, sets) for code in dict.fromkeys(codes))
        counted = [one.code for one in diagnoses if one.mapping is Mapping.MAPPED]
        result = self._score(
            counted, MODEL, age=member.age_years, sex=member.sex,
            dual_elgbl_cd=member.dual_code, orec=member.original_reason_code, crec="0",
        )  # fmt: skip
        # The package computes in binary floating point (1.6580000000000001): three decimals are
        # all that CMS publishes.
        raw = Decimal(str(result.risk_score)).quantize(_THOUSANDTH)
        return Score(
            raw, tuple(sorted(map(str, result.hcc_list), key=lambda c: (len(c), c))), diagnoses,
            all(one.mapping is not Mapping.NOT_MAPPED_YET for one in diagnoses),
            f"{MODEL}, {MAPPING}, hccinfhir 0.4.0",
        )  # fmt: skip


def _keep_only(model: str, table: dict[tuple[str, str], Any]) -> None:
    """Drop the rows of the other models that the package reads: 40 MB that nobody asks for.

    The package's functions take these tables as defaults, so they are shortened where they are.
    """
    kept = {key: value for key, value in table.items() if key[1] == model}
    table.clear()
    table.update(kept)
