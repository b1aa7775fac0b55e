"""Audit of coding: a sample is drawn, each release of it coded again blindly, the two compared."""

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct, structs

from coding_svc.decide.billing import assess
from coding_svc.decide.encounter import opened
from coding_svc.model.account import Account, Diagnosis, Procedure
from coding_svc.model.audit import AuditCase, Finding
from coding_svc.model.encounter import Encounter
from coding_svc.problems import (
    AuditNotFound,
    CaseIsAnothers,
    CaseIsCoded,
    CaseNotBegun,
    CodeMalformed,
    FindingNotOpen,
    NothingToSample,
    OwnWork,
)
from coding_svc.rules import codes
from coding_svc.rules.agreement import agreements, decisions, differences, financial_delta
from coding_svc.rules.profile import Profiles
from rcm.domain import Context, Fact, Loaded
from rcm.events.clinical import DrgGrouping
from rcm.events.coding_audit import (
    AuditCaseBegun,
    AuditCaseCoded,
    AuditCaseOpened,
    AuditDrawn,
    AuditedCodes,
    AuditFindingAdjudicated,
    AuditFindingAnswered,
    AuditFindingRecorded,
    Criteria,
    SampledCase,
)
from rcm.events.phi import ClearPhi

UNGROUPABLE: Final = frozenset({"", "998", "999"})


class Chosen(Struct, frozen=True, kw_only=True):
    """A release that was drawn."""

    case_id: str
    encounter_id: str
    coded_version: int
    patient_id: str
    coder: str
    class_code: str
    payer_id: str
    rule_ids: tuple[str, ...]


class Sample(Struct, frozen=True, kw_only=True):
    """A sample as it was asked for. See AuditDrawn."""

    audit_id: str
    title_code: str
    criteria: Criteria
    seed: str
    size_count: int
    rate_milli: int
    population_count: int
    base_rate_cents: int
    accuracy_goal_milli: int


def draw(sample: Sample, chosen: Sequence[Chosen], loaded: Loaded, _context: Context) -> list[Fact]:
    """Record a sample and open its cases.

    Raises:
        NothingToSample: No release meets the criteria.
    """
    if not chosen:
        raise NothingToSample
    if loaded.get(sample.audit_id) is not None:
        return []
    audit = AuditDrawn(
        audit_id=sample.audit_id,
        title_code=sample.title_code,
        kind=_kind(sample.criteria),
        criteria=sample.criteria,
        seed=sample.seed,
        size_count=sample.size_count,
        rate_milli=sample.rate_milli,
        population_count=sample.population_count,
        cases=[
            SampledCase(
                case_id=one.case_id,
                encounter_id=one.encounter_id,
                coded_version=one.coded_version,
                coder=one.coder,
            )
            for one in chosen
        ],
        base_rate_cents=sample.base_rate_cents,
        accuracy_goal_milli=sample.accuracy_goal_milli,
    )
    cases = [
        Fact(
            one.case_id,
            AuditCaseOpened(
                case_id=one.case_id,
                audit_id=sample.audit_id,
                encounter_id=one.encounter_id,
                coded_version=one.coded_version,
                patient_id=one.patient_id,
                coder=one.coder,
                class_code=one.class_code,
                payer_id=one.payer_id,
                rule_ids=list(one.rule_ids),
                base_rate_cents=sample.base_rate_cents,
            ),
        )
        for one in chosen
    ]
    return [Fact(sample.audit_id, audit), *cases]


def _kind(criteria: Criteria) -> Literal["random", "targeted"]:
    bare = Criteria(
        released_from=criteria.released_from, released_through=criteria.released_through
    )
    return "random" if criteria == bare else "targeted"


def begin(case_id: str, auditor: str, loaded: Loaded, _context: Context) -> list[Fact]:
    """Take a case: from now on its first codes are closed to the auditor.

    Raises:
        AuditNotFound: There is none.
        OwnWork: The auditor released it, or coded it.
        CaseIsAnothers: Another auditor has it.
        CaseIsCoded: It is coded already.
    """
    case = _case(case_id, loaded)
    encounter = loaded.get(case.encounter_id)
    coders = encounter.desk.coded_by if isinstance(encounter, Encounter) else ()
    if auditor in (case.coder, *coders):
        raise OwnWork
    if case.is_coded:
        raise CaseIsCoded
    if case.auditor == auditor:
        return []
    if case.auditor:
        raise CaseIsAnothers
    begun = AuditCaseBegun(case_id=case_id, encounter_id=case.encounter_id, auditor=auditor)
    return [Fact(case_id, begun)]


def code_again(
    case_id: str,
    auditor: str,
    first: AuditedCodes,
    second: AuditedCodes,
    profiles: Profiles,
    loaded: Loaded,
    context: Context,
) -> list[Fact]:
    """Take the second coding in and compare it.

    Args:
        case_id: Which.
        auditor: Who coded it the second time.
        first: What was released; a release never changes.
        second: The auditor's codes, as sent.
        profiles: The tenant's senders, and the code sets that group.
        loaded: The case and its encounter.
        context: When.

    Raises:
        AuditNotFound: There is none.
        CaseNotBegun: It was not taken first.
        CaseIsAnothers: Another auditor has it.
        CaseIsCoded: It is coded already.
        CodeMalformed: A code has not the shape of its system.
        PatientForgotten: The record can no longer be read.
    """
    case = _case(case_id, loaded)
    if case.is_coded:
        raise CaseIsCoded
    if not case.auditor:
        raise CaseNotBegun
    if case.auditor != auditor:
        raise CaseIsAnothers
    shaped = _shaped(second)
    if first.drg_code:
        shaped = _grouped(shaped, loaded.get(case.encounter_id), profiles, context)
    made = decisions(first, shaped)
    delta = financial_delta(first, shaped, case.base_rate_cents, profiles.codes.fee_cents)
    coded = AuditCaseCoded(
        case_id=case_id,
        encounter_id=case.encounter_id,
        auditor=auditor,
        first=first,
        second=shaped,
        agreements=agreements(made),
        differences=differences(made),
        charge_delta_cents=delta.charge_cents,
        drg_delta_cents=delta.drg_cents,
        unpriced=delta.unpriced,
        fee_delta_cents=delta.fee_cents,
    )
    return [Fact(case_id, coded)]


def record_finding(
    case_id: str,
    number: int,
    auditor: str,
    verdict: Literal["error", "acceptable"],
    rule_id: str,
    rationale: str,
    loaded: Loaded,
    _context: Context,
) -> list[Fact]:
    """Say what a difference means; may be said again until the coder has answered.

    Raises:
        AuditNotFound: There is none.
        CaseIsAnothers: Another auditor has the case.
        FindingNotOpen: The coder has answered.
    """
    case, finding = _finding(case_id, number, loaded)
    if case.auditor != auditor:
        raise CaseIsAnothers
    if finding.status not in ("open", "error", "acceptable"):
        raise FindingNotOpen
    recorded = AuditFindingRecorded(
        case_id=case_id,
        number=number,
        auditor=auditor,
        verdict=verdict,
        rule_id=rule_id,
        rationale=ClearPhi.of(case.patient_id, rationale),
    )
    return [Fact(case_id, recorded)]


def answer_finding(
    case_id: str,
    number: int,
    coder: str,
    answer: Literal["agree", "dispute"],
    statement: str,
    loaded: Loaded,
    _context: Context,
) -> list[Fact]:
    """Let the first coder agree or dispute.

    Raises:
        AuditNotFound: There is none, or it is another coder's.
        FindingNotOpen: The auditor has not called it an error, or it was answered.
    """
    case, finding = _finding(case_id, number, loaded)
    if case.coder != coder:
        raise AuditNotFound
    if finding.status != "error":
        raise FindingNotOpen
    answered = AuditFindingAnswered(
        case_id=case_id,
        number=number,
        coder=coder,
        answer=answer,
        statement=ClearPhi.of(case.patient_id, statement) if statement else None,
    )
    return [Fact(case_id, answered)]


def adjudicate_finding(
    case_id: str,
    number: int,
    manager: str,
    outcome: Literal["upheld", "overturned"],
    statement: str,
    loaded: Loaded,
    _context: Context,
) -> list[Fact]:
    """Decide a disputed finding.

    Raises:
        AuditNotFound: There is none.
        OwnWork: The manager is one of the two.
        FindingNotOpen: It is not disputed.
    """
    case, finding = _finding(case_id, number, loaded)
    if manager in (case.coder, case.auditor):
        raise OwnWork
    if finding.status != "disputed":
        raise FindingNotOpen
    adjudicated = AuditFindingAdjudicated(
        case_id=case_id,
        number=number,
        manager=manager,
        outcome=outcome,
        statement=ClearPhi.of(case.patient_id, statement) if statement else None,
    )
    return [Fact(case_id, adjudicated)]


def weight_e4(grouping: DrgGrouping | None) -> int | None:
    """Return a weight in ten-thousandths, as Table 5 prints it; None where there is none."""
    if grouping is None or not grouping.weight:
        return None
    whole, _, part = grouping.weight.partition(".")
    return int(whole) * 10_000 + int((part + "0000")[:4])


def basis(grouping: DrgGrouping | None, drg_code: str) -> str:
    """Say what grouped a stay, or why nothing did."""
    if grouping is not None and grouping.drg_code:
        return " ".join(filter(None, (grouping.engine, grouping.version, grouping.unpriced)))
    return "as the sender says" if drg_code else "not grouped: no code sets, or no code in force"


def _case(case_id: str, loaded: Loaded) -> AuditCase:
    case = loaded.get(case_id)
    if not isinstance(case, AuditCase):
        raise AuditNotFound
    return case


def _finding(case_id: str, number: int, loaded: Loaded) -> tuple[AuditCase, Finding]:
    case = _case(case_id, loaded)
    finding = case.finding(number)
    if finding is None:
        raise AuditNotFound
    return case, finding


def _shaped(second: AuditedCodes) -> AuditedCodes:
    """Write codes as we keep them: undotted, upper case.

    Raises:
        CodeMalformed: One has not the shape of its system.
    """
    diagnoses = [codes.icd10_cm(code) for code in second.diagnoses]
    pcs = [codes.icd10_pcs(code) for code in second.pcs_codes]
    lines = []
    for line in second.lines:
        code = codes.hcpcs(line.procedure_code) if line.procedure_code else ""
        modifiers = [modifier.upper() for modifier in line.modifiers]
        if (line.procedure_code and not code) or not all(map(codes.modifier_is_shaped, modifiers)):
            raise CodeMalformed(f"lines[{line.line_item_control_number}] is no procedure code.")
        lines.append(structs.replace(line, procedure_code=code, modifiers=modifiers))
    if not all(diagnoses) or not all(pcs):
        raise CodeMalformed("A code is no ICD-10-CM or ICD-10-PCS code.")
    if len(set(diagnoses)) < len(diagnoses):
        raise CodeMalformed("A diagnosis is named twice.")
    return structs.replace(
        second, diagnoses=diagnoses, pcs_codes=pcs, lines=lines,
        drg_code="", drg_weight_e4=None, drg_basis="",
    )  # fmt: skip


def _grouped(
    second: AuditedCodes, encounter: object, profiles: Profiles, context: Context
) -> AuditedCodes:
    """Group the stay by the second codes, as the first were grouped."""
    account = opened(encounter, context) if isinstance(encounter, Encounter) else None
    application, _, facility = (account.sender if account is not None else "").partition("|")
    profile = profiles.of_sender(application, facility)
    if account is None or profile is None:
        return structs.replace(second, drg_basis="not grouped: the record is not there")
    today = context.now.astimezone(profile.zone).date().isoformat()
    found = assess(_with_codes(account, second), profile, today=today, codes=profiles.codes)
    drg = found.checked.drg
    if drg is None or drg.drg_code in UNGROUPABLE:
        return structs.replace(second, drg_basis=basis(None, ""))
    return structs.replace(
        second, drg_code=drg.drg_code, drg_weight_e4=weight_e4(drg), drg_basis=basis(drg, "")
    )


def _with_codes(account: Account, second: AuditedCodes) -> Account:
    """Put the second coder's diagnoses and procedures into the record."""
    kept = [d for d in account.diagnoses if d.kind != "F"]
    coded = [
        Diagnosis(code, "F", n, second.poa_codes[n - 1] if n <= len(second.poa_codes) else "")
        for n, code in enumerate(second.diagnoses, start=1)
    ]
    own = {p.code: p for p in account.procedures if not p.is_hcpcs}
    day = account.stay.started_on or ""
    procedures = [
        structs.replace(own.get(code, Procedure(code, performed_on=day)), rank=n)
        for n, code in enumerate(second.pcs_codes, start=1)
    ]
    others = [p for p in account.procedures if p.is_hcpcs]
    return structs.replace(account, diagnoses=(*coded, *kept), procedures=(*procedures, *others))
