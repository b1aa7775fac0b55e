"""What happens to each invented encounter, from the registration desk to the payer's answer.

A case names a `kind` (what the EHR sends) and a `scenario` (what the payer simulator answers; it
recognises the case
by the member number). The list of branches is worked through once in order, so that sixty-odd
encounters touch all of
them; load of the same kind repeats it with a realistic mix.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

from tools.sampler.people import Doctor, Person, doctors, npi, person

# Scenarios of the payer simulator, each with the kind of encounter that suits it.
BRANCHES: tuple[tuple[str, str], ...] = (
    ("office", "paid"),
    ("office", "contractual"),
    ("office", "patient-share"),
    ("office", "partial"),
    ("office", "denied-authorization"),
    ("office", "denied-eligibility"),
    ("office", "denied-coding"),
    ("office", "denied-bundling"),
    ("office", "denied-medical-necessity"),
    ("office", "denied-documentation"),
    ("office", "denied-timely-filing"),
    ("office", "denied-duplicate"),
    ("office", "denied-non-covered"),
    ("office", "denied-cob"),
    ("office", "denied-provider"),
    ("office", "denied-technical"),
    ("office", "denied-whole-claim"),
    ("office", "pending"),
    ("office", "rejected-ta1"),
    ("office", "rejected-999"),
    ("office", "rejected-277ca-clearinghouse"),
    ("office", "rejected-277ca-payer"),
    ("office", "split"),
    ("office", "reversal-correction"),
    ("office", "forward-balance"),
    ("office", "recoupment"),
    ("office", "interest"),
    ("office", "out-of-balance"),
    ("office", "835-before-277ca"),
    ("office", "835-twice"),
    ("outpatient", "contractual"),
    ("outpatient", "patient-share"),
    ("outpatient", "denied-authorization"),
    ("emergency", "contractual"),
    ("emergency", "partial"),
    ("inpatient", "contractual"),
    ("inpatient", "denied-medical-necessity"),
    ("inpatient", "reversal-correction"),
    ("office-batch", "paid"),
    ("office-batch", "patient-share"),
    ("office-fhir", "contractual"),
    ("office-fhir", "patient-share"),
    ("office-fhir", "denied-coding"),
    ("office-credit", "contractual"),
    ("office-late-charge", "contractual"),
    ("office-merge", "contractual"),
    ("office-dependent", "contractual"),
    ("office-drug", "contractual"),
    ("office-self-pay", ""),
    ("office-cancelled", ""),
    ("office-no-diagnosis", ""),
    ("office-bad-npi", ""),
    ("office-no-member", ""),
    ("office-expired-code", ""),
    ("office-header-code", ""),
    ("office-excluded-pair", ""),
    ("office-two-payers", "patient-share"),
    ("office-two-payers", "crossover"),
    ("office-two-payers", "split"),
    ("office-fhir-two-payers", "patient-share"),
    ("inpatient-two-payers", "patient-share"),
)

# A working day: mostly paid, one in eleven denied, one in fifty rejected, one in forty held.
MIX: tuple[tuple[str, str, int], ...] = (
    ("office", "contractual", 420),
    ("office", "patient-share", 220),
    ("outpatient", "contractual", 90),
    ("emergency", "patient-share", 60),
    ("inpatient", "contractual", 30),
    ("office", "partial", 30),
    ("office", "denied-authorization", 22),
    ("office", "denied-eligibility", 22),
    ("office", "denied-coding", 18),
    ("office", "denied-bundling", 12),
    ("outpatient", "denied-medical-necessity", 12),
    ("office", "rejected-277ca-payer", 15),
    ("office", "rejected-277ca-clearinghouse", 5),
    ("office", "reversal-correction", 8),
    ("office", "split", 5),
    ("office-no-diagnosis", "", 15),
    ("office-self-pay", "", 10),
    ("office-credit", "contractual", 6),
)

DIAGNOSES = (
    ("E119", "I10"), ("I10", "E785"), ("J069",), ("M5450", "M1711"), ("N390", "E119", "I10"),
    ("J189", "J441"), ("K219",), ("R079", "I10"), ("I4891", "I10", "E785"), ("D649", "N1830"),
)  # fmt: skip
SECOND = 5_000_000
"""Added to a case's number for its member number with a second payer."""
NOT_BILLABLE = {
    "office-expired-code": ("I420", "I10"),  # ended 2026-09-30
    "office-header-code": ("E114", "I10"),  # billed one level below
    "office-excluded-pair": ("E119", "E109"),  # excludes1: never both types
}
"""Codes that the edits stop, by kind of encounter."""
NOTE = (
    "Follow-up visit. Type 2 diabetes mellitus with diabetic neuropathy, stable on metformin.",
    "Essential hypertension, controlled. Mother had breast cancer.",
    "Denies chest pain. No shortness of breath.",
)
"""What the physician dictated about an encounter that came without diagnosis."""
OFFICE_LINES = (
    ("G0439", 17500), ("G0444", 2200), ("G0008", 3100), ("G2211", 1850), ("G0108", 6400),
    ("G0101", 4875),
    ("G0283", 1925), ("A4550", 4200),
)  # fmt: skip
DRUG_LINES = (("J1885", "00409379501", 2000, 9900), ("J0696", "00409733701", 4000, 12800))
FACILITY_LINES = (
    ("0510", "G0463", 18500), ("0300", "G0471", 1500), ("0636", "J1100", 850),
    ("0420", "G0283", 9650),
    ("0250", "", 4310), ("0270", "A4550", 6120),
)  # fmt: skip
EMERGENCY_LINES = (
    ("0450", "G0380", 42500),
    ("0450", "G0382", 78000),
    ("0300", "G0471", 1500),
    ("0250", "", 3875),
)
STAYS = (
    # principal, others, PCS, MS-DRG, days, room rate
    ("M1711", ("I10", "E119"), "0SRD0J9", "470", 2, 285000),
    ("K3580", ("I10",), "0DTJ4ZZ", "399", 2, 240000),
    ("I214", ("I10", "E785"), "027034Z", "321", 4, 310000),
    ("J189", ("J441", "I10"), "", "193", 5, 198000),
)


@dataclass(frozen=True)
class Line:
    """One charge as the EHR sends it."""

    code: str
    cents: int
    revenue: str = ""
    units: int = 1
    modifiers: tuple[str, ...] = ()
    pointers: tuple[int, ...] = (1,)
    ndc: str = ""
    ndc_milli: int = 0


@dataclass(frozen=True)
class Payer:
    """A payer as the hospital's registration desk knows it."""

    plan: str
    number: str
    name: str
    filing: str
    member_format: str


@dataclass(frozen=True)
class Site:
    """A tenant: a hospital, or a group of physicians that a billing company works for."""

    tenant: str
    facility: str
    name: str
    npi: str
    tax_number: str
    city: tuple[str, str, str]
    doctors: list[Doctor]
    payers: tuple[Payer, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One encounter."""

    number: int
    site: Site
    kind: str
    scenario: str
    patient: Person
    subscriber: Person
    payer: Payer
    member: str
    day: date
    diagnoses: tuple[str, ...]
    lines: tuple[Line, ...]
    doctor: Doctor
    stay_days: int = 0
    procedure: str = ""
    drg: str = ""
    credits: tuple[int, ...] = field(default=())
    second: Payer | None = None

    @property
    def shape(self) -> str:
        """Where it happened: office, outpatient, emergency or inpatient."""
        return self.kind.split("-", maxsplit=1)[0]

    @property
    def is_fhir(self) -> bool:
        """Whether the EHR sends a FHIR bundle instead of messages."""
        return self.kind.startswith("office-fhir")

    @property
    def second_member(self) -> str:
        """The member number with the second payer."""
        return _member(self.second, self.number + SECOND) if self.second is not None else ""

    @property
    def fates(self) -> dict[str, str]:
        """What the payer simulator answers, by member number. The second payer leaves the patient a
        share of what the first one left.
        """
        found = {self.member: self.scenario} if self.scenario and self.member else {}
        return found | ({self.second_member: "patient-share"} if self.second is not None else {})

    @property
    def visit(self) -> str:
        """The hospital's visit number (PV1-19)."""
        return f"V{self.site.tenant[0].upper()}{self.number:08d}"

    @property
    def account(self) -> str:
        """The hospital's account number (PID-18)."""
        return f"A{self.site.tenant[0].upper()}{self.number:08d}"


def sites(random: Random) -> tuple[Site, Site]:
    """The two tenants of the samples."""
    national = (
        Payer("MCRB", "00831", "MERIDIAN MEDICARE B", "MB", "MBI"),
        Payer("BLUEPPO", "54771", "BLUE PRAIRIE PPO", "BL", "BPX{0:05d}{1:04d}"),
        Payer("UNIHMO", "87726", "UNITY HEALTH PLAN", "HM", "U{0:06d}{1:04d}"),
        Payer("STATEMCD", "SKMCD", "STATE MEDICAID", "MC", "9{0:06d}{1:04d}"),
    )
    return (
        Site("northside", "NORTHSIDE", "NORTHSIDE REGIONAL HOSPITAL", npi(45310001), "310000001",
             ("Columbus", "OH", "432151234"), doctors(random, 12340001, "207R00000X", 6), national,
             ("office", "outpatient", "emergency", "inpatient")),
        Site("lakeview", "LAKEVIEW", "LAKEVIEW PHYSICIANS GROUP", npi(45320001), "320000002",
             ("Duluth", "MN", "558021234"), doctors(random, 22340001, "207Q00000X", 4), national,
             ("office",)),
    )  # fmt: skip


def cases(count: int, seed: int, as_of: date) -> Iterator[Case]:
    """Invent encounters: first every branch, alternating between the tenants, then the mix of a
    working day.
    """
    random = Random(seed)
    both = sites(random)
    weights = [weight for *_, weight in MIX]
    for number in range(1, count + 1):
        if number <= len(BRANCHES):
            kind, scenario = BRANCHES[number - 1]
        else:
            kind, scenario, _ = random.choices(MIX, weights)[0]
        hospital_only = kind.split("-", maxsplit=1)[0] not in both[1].kinds
        yield _case(
            random, number, both[0] if hospital_only else both[number % 2], kind, scenario, as_of
        )


def _case(random: Random, number: int, site: Site, kind: str, scenario: str, as_of: date) -> Case:
    patient = person(random, number, site.city, as_of)
    payer, second = site.payers[number % len(site.payers)], None
    if kind.endswith("two-payers"):
        # Medicaid pays last.
        *earlier, second = site.payers
        payer = earlier[number % len(earlier)]
    case = Case(
        number=number,
        site=site,
        kind=kind,
        scenario=scenario,
        patient=patient,
        subscriber=patient,
        payer=payer,
        member=_member(payer, number),
        day=as_of - timedelta(days=random.randint(4, 40)),
        diagnoses=random.choice(DIAGNOSES),
        lines=(),
        doctor=random.choice(site.doctors),
        second=second,
    )
    shape = case.shape
    if shape == "inpatient":
        return _stay(random, case)
    if shape in {"outpatient", "emergency"}:
        table = EMERGENCY_LINES if shape == "emergency" else FACILITY_LINES
        picked = random.sample(table, random.randint(2, 3))
        return replace(case, lines=tuple(Line(c, cents, revenue) for revenue, c, cents in picked))
    return _office(random, case)


def _member(payer: Payer, number: int) -> str:
    """A member number of the payer's shape, unique by number; for Medicare the shape of an MBI."""
    if payer.member_format != "MBI":
        return payer.member_format.format(number // 10_000, number % 10_000)
    letters, rest = "ACDEFGHJKMNPQRTUVWXY", number
    text = ""
    for kind in "9A09A09AA99":
        base = 9 if not text else {"9": 10, "0": 10, "A": 20}[kind]
        rest, digit = divmod(rest, base)
        text += letters[digit] if kind == "A" else str(digit + (not text))
    return text


def _office(random: Random, case: Case) -> Case:
    count = 3 if case.scenario in {"split", "partial"} else random.randint(1, 3)
    lines = [
        Line(code, cents, pointers=tuple(range(1, 1 + min(2, len(case.diagnoses)))))
        for code, cents in random.sample(OFFICE_LINES, count)
    ]
    if case.kind == "office-drug":
        code, ndc, milli, cents = random.choice(DRUG_LINES)
        lines.append(Line(code, cents, units=milli // 1000, ndc=ndc, ndc_milli=milli))
    if case.kind == "office-credit":
        return replace(case, lines=(*lines, Line("G0008", 3100)), credits=(len(lines),))
    if case.kind == "office-no-diagnosis":
        return replace(
            case, lines=tuple(replace(line, pointers=()) for line in lines), diagnoses=()
        )
    if case.kind in NOT_BILLABLE:
        return replace(case, lines=tuple(lines[:1]), diagnoses=NOT_BILLABLE[case.kind])
    if case.kind == "office-dependent":
        parent = person(random, case.number + 90_000_000, case.site.city, case.patient.born_on)
        return replace(case, lines=tuple(lines), subscriber=replace(parent, last=case.patient.last))
    if case.kind == "office-no-member":
        return replace(case, lines=tuple(lines), member="")
    return replace(case, lines=tuple(lines))


def _stay(random: Random, case: Case) -> Case:
    principal, others, procedure, drg, days, rate = random.choice(STAYS)
    lines = [
        Line("", rate * days, "0120", units=days),
        Line("", 9_125_00, "0360"),
        Line("", 2_310_40, "0250"),
    ]
    return replace(
        case,
        diagnoses=(principal, *others),
        lines=tuple(lines if procedure else lines[:1] + lines[2:]),
        stay_days=days,
        procedure=procedure,
        drg=drg,
    )
