"""Audit of coding: samples drawn, cases shown blindly, results added up."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import Struct

from coding_svc.decide import audit as decide
from coding_svc.decide.audit import Chosen, Sample
from coding_svc.handlers.way import Way
from coding_svc.model.audit import NOT_ERRORS
from coding_svc.problems import AuditNotFound, BlindUntilSubmitted, ReleaseNotFound
from coding_svc.rules.agreement import CATEGORIES, Decision, accuracy, decisions, kappa, milli
from coding_svc.rules.sampling import drawn, size_of
from coding_svc.store import audit as store_audit
from coding_svc.store.audit import AuditRow, Case, CaseFilter, FindingFilter, FindingRow
from coding_svc.store.desk import ReleaseRow
from rcm.domain import Command
from rcm.events.clinical import DrgGrouping
from rcm.events.coding_audit import AuditedCodes, AuditedLine

PAGE: Final = 500
Ask = Callable[..., Command]


async def draw(way: Way, sample: Sample, ask: Ask) -> Any:
    """Draw a sample of releases.

    Raises:
        NothingToSample: No release meets the criteria.
    """
    async with way.runtime.read(way.tenant_id) as session:
        found = await store_audit.population(session, way.tenant_id, sample.criteria)
        count = size_of(len(found), size_count=sample.size_count, rate_milli=sample.rate_milli)
        named = ((f"{encounter_id}/{version}", (encounter_id, version))
                 for encounter_id, version in found)  # fmt: skip
        chosen = []
        for encounter_id, version in drawn(named, sample.seed, count):
            row = await store_audit.release(session, way.tenant_id, encounter_id, version)
            assert row is not None, "what was listed in this session is there"
            chosen.append(_chosen(way, sample.audit_id, row))
    whole = msgspec.structs.replace(sample, population_count=len(found))
    streams = [sample.audit_id, *(one.case_id for one in chosen)]
    return await way.runtime.execute(ask(streams, partial(decide.draw, whole, chosen)))


def _chosen(way: Way, audit_id: str, row: ReleaseRow) -> Chosen:
    return Chosen(
        case_id=way.opaque_id("acs", audit_id, row.encounter_id, str(row.coded_version)),
        encounter_id=row.encounter_id,
        coded_version=row.coded_version,
        patient_id=row.patient_id,
        coder=row.released_by,
        class_code=row.class_code,
        payer_id=row.payer_id,
        rule_ids=tuple(row.rules.split()),
    )


async def case_of(runtime: Any, tenant_id: str, case_id: str) -> Case:
    """Find a case.

    Raises:
        AuditNotFound: There is none.
    """
    async with runtime.read(tenant_id) as session:
        case = await store_audit.case_of(session, tenant_id, case_id)
    if case is None:
        raise AuditNotFound
    return case


async def release_of(runtime: Any, tenant_id: str, case: Case) -> ReleaseRow:
    """Find the release that a case is about.

    Raises:
        ReleaseNotFound: It was not kept.
    """
    row = case.row
    async with runtime.read(tenant_id) as session:
        found = await store_audit.release(session, tenant_id, row.encounter_id, row.coded_version)
    if found is None:
        raise ReleaseNotFound
    return found


async def code_again(way: Way, case_id: str, second: AuditedCodes, ask: Ask) -> Any:
    """Take a second coding in, and compare it with what was released.

    Raises:
        AuditNotFound: There is no such case.
        Problem: It cannot be coded now; see `decide.audit.code_again`.
    """
    case = await case_of(way.runtime, way.tenant_id, case_id)
    first = first_codes(await release_of(way.runtime, way.tenant_id, case))
    decision = partial(decide.code_again, case_id, way.actor, first, second, way.profiles)
    return await way.runtime.execute(ask([case_id, case.row.encounter_id], decision))


def first_codes(row: ReleaseRow) -> AuditedCodes:
    """Return the codes of a release as an audit compares them."""
    said = row.said()
    billed = {d.code: d for d in said.diagnoses if d.role in ("principal", "other")}
    poa = [one.present_on_admission_code for one in billed.values()]
    return AuditedCodes(
        diagnoses=list(billed),
        poa_codes=poa if any(poa) else [],
        pcs_codes=[one.code for one in said.procedures],
        lines=[
            AuditedLine(
                line_item_control_number=one.line_item_control_number,
                procedure_code=one.procedure_code,
                modifiers=one.modifiers,
                billed_cents=one.billed_cents,
                units_milli=one.units_milli,
                service_from=one.service_from,
            )
            for one in said.lines
        ],
        drg_code=row.drg_code,
        drg_weight_e4=decide.weight_e4(said.drg) if _speaks(said.drg, row.drg_code) else None,
        drg_basis=decide.basis(said.drg, row.drg_code) if row.drg_code else "",
    )


def _speaks(grouping: DrgGrouping | None, drg_code: str) -> bool:
    """Tell whether a grouping is of the DRG that was billed, and not of another one."""
    return grouping is not None and grouping.drg_code == drg_code


async def check_not_blind(runtime: Any, tenant_id: str, encounter_id: str, auditor: str) -> None:
    """Keep the first codes from whoever is coding the encounter a second time.

    Raises:
        BlindUntilSubmitted: The caller has an open case of it.
    """
    async with runtime.read(tenant_id) as session:
        if encounter_id in await store_audit.blind_to(session, tenant_id, auditor):
            raise BlindUntilSubmitted


class Score(Struct, frozen=True, kw_only=True):
    """How far some decisions stand.

    Attributes:
        value: The coder, category or rule.
        case_count: Cases coded a second time.
        decision_count: Decisions compared.
        agreed_count: In which the two agree.
        error_count: Differences that count as errors: not acceptable, not overturned.
        unjudged_count: Of those, the ones that the auditor has not judged yet.
        agreement_milli: Agreed of a thousand.
        accuracy_milli: Of a thousand, what is no error.
        meets_goal: Whether accuracy reaches the audit's goal; None where there is none.
    """

    value: str
    case_count: int
    decision_count: int
    agreed_count: int
    error_count: int
    unjudged_count: int
    agreement_milli: int | None
    accuracy_milli: int | None
    meets_goal: bool | None


class Kappa(Struct, frozen=True, kw_only=True):
    """Cohen's kappa of one category; None where chance alone explains the agreement."""

    category: str
    pair_count: int
    kappa_milli: int | None


class Results(Struct, frozen=True, kw_only=True):
    """What an audit found so far.

    Attributes:
        audit_id: Which.
        case_count: Drawn.
        coded_count: Coded a second time.
        goal_milli: Accuracy that is asked for.
        total: Of all.
        by_coder: Of each first coder; `-` for rules.
        by_category: Of each kind of code.
        by_rule: Of the cases in which a warning of that rule had been let pass.
        findings_by_rule: Errors by the guideline that the auditor names.
        kappas: By category.
        charge_delta_cents: Sum of those that are known.
        drg_delta_cents: Sum of those that are known.
        fee_delta_cents: Sum of those that are known.
        unpriced_count: Cases of which a part has no amount.
    """

    audit_id: str
    case_count: int
    coded_count: int
    goal_milli: int
    total: Score
    by_coder: list[Score]
    by_category: list[Score]
    by_rule: list[Score]
    findings_by_rule: dict[str, int]
    kappas: list[Kappa]
    charge_delta_cents: int
    drg_delta_cents: int
    fee_delta_cents: int
    unpriced_count: int


class _Compared(Struct):
    case: Case
    made: list[Decision]
    findings: list[FindingRow]


async def results_of(runtime: Any, tenant_id: str, audit_id: str) -> Results:
    """Add up what an audit found so far.

    Raises:
        AuditNotFound: There is none.
    """
    async with runtime.read(tenant_id) as session:
        row = await store_audit.audit(session, tenant_id, audit_id)
        if row is None:
            raise AuditNotFound
        cases = await _coded_cases(session, tenant_id, audit_id)
        findings: list[FindingRow] = []
        after = None
        while True:
            wanted = FindingFilter(audit_id=audit_id)
            page = await store_audit.findings(session, tenant_id, wanted, after, PAGE)
            findings += page
            if len(page) < PAGE:
                break
            after = (page[-1].case_id, page[-1].number)
    compared = [_compare(case, findings) for case in cases]
    return _results(row, compared)


async def _coded_cases(session: Any, tenant_id: str, audit_id: str) -> list[Case]:
    wanted, found = CaseFilter(audit_id=audit_id, status="coded"), list[Case]()
    while True:
        after = (found[-1].row.case_id,) if found else None
        page = await store_audit.cases(session, tenant_id, wanted, after, PAGE)
        found += page
        if len(page) < PAGE:
            return found


def _compare(case: Case, findings: Sequence[FindingRow]) -> _Compared:
    assert case.coding is not None, "only coded cases are compared"
    first = msgspec.convert(case.coding.first, AuditedCodes)
    second = msgspec.convert(case.coding.second, AuditedCodes)
    own = [finding for finding in findings if finding.case_id == case.row.case_id]
    return _Compared(case, decisions(first, second), own)


def _results(row: AuditRow, compared: Sequence[_Compared]) -> Results:
    goal = row.accuracy_goal_milli
    coders = sorted({one.case.row.coder for one in compared})
    rules = sorted({rule for one in compared for rule in one.case.row.rule_ids})
    errors = [f for one in compared for f in one.findings if f.status not in NOT_ERRORS]
    named = sorted({finding.rule_id for finding in errors if finding.rule_id})
    codings = [one.case.coding for one in compared if one.case.coding is not None]
    return Results(
        audit_id=row.audit_id,
        case_count=row.case_count,
        coded_count=len(compared),
        goal_milli=goal,
        total=_score("", compared, goal),
        by_coder=[
            _score(coder or "-", [c for c in compared if c.case.row.coder == coder], goal)
            for coder in coders
        ],
        by_category=[
            score
            for category in CATEGORIES
            if (score := _score(category, compared, goal, category)).decision_count
        ],
        by_rule=[
            _score(rule, [c for c in compared if rule in c.case.row.rule_ids], goal)
            for rule in rules
        ],
        findings_by_rule={r: sum(finding.rule_id == r for finding in errors) for r in named},
        kappas=_kappas(compared),
        charge_delta_cents=sum(coding.charge_delta_cents or 0 for coding in codings),
        drg_delta_cents=sum(coding.drg_delta_cents or 0 for coding in codings),
        fee_delta_cents=sum(coding.fee_delta_cents or 0 for coding in codings),
        unpriced_count=sum(bool(coding.unpriced) for coding in codings),
    )


def _score(value: str, compared: Sequence[_Compared], goal: int, category: str = "") -> Score:
    made = [d for one in compared for d in one.made if category in ("", d.category)]
    found = [f for one in compared for f in one.findings if category in ("", f.category)]
    errors = [finding for finding in found if finding.status not in NOT_ERRORS]
    agreed = sum(decision.first == decision.second for decision in made)
    right = accuracy(len(made) - len(errors), len(made))
    return Score(
        value=value,
        case_count=len(compared),
        decision_count=len(made),
        agreed_count=agreed,
        error_count=len(errors),
        unjudged_count=sum(finding.status == "open" for finding in errors),
        agreement_milli=milli(accuracy(agreed, len(made))),
        accuracy_milli=milli(right),
        meets_goal=right >= Fraction(goal, 1_000) if right is not None else None,
    )


def _kappas(compared: Sequence[_Compared]) -> list[Kappa]:
    """Rate by label: the code that each of the two gave at a place. A set has no places."""
    found = []
    for category in ("principal", "poa", "procedure", "modifier", "drg"):
        pairs = _pairs(compared, category)
        if pairs:
            value = milli(kappa(pairs))
            found.append(Kappa(category=category, pair_count=len(pairs), kappa_milli=value))
    return found


def _pairs(compared: Iterable[_Compared], category: str) -> list[tuple[str, str]]:
    return [(d.first, d.second) for one in compared for d in one.made if d.category == category]
