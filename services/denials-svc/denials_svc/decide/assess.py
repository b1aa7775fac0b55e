"""From an answer of a payer to the denials that it opens, changes or closes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from denials_svc.model import ClaimDenials, Denial, Line, denial_id, fold, line_key
from denials_svc.rules.deadlines import Calendar, Deadline
from denials_svc.rules.work import work_for
from rcm.adjustments.table import Table, treatment
from rcm.domain import Context, Fact
from rcm.events.clinical import Adjustment
from rcm.events.denials import (
    AdjudicationAssessed,
    AssessedLine,
    DenialChanged,
    DenialClosed,
    DenialOpened,
    ReplacementNoted,
)
from rcm.events.event import Event
from rcm.events.remit import ChargeReversed, RemittanceReceived

ADJUDICATED = frozenset({"payment", "reversal", "correction"})


def on_received(
    state: ClaimDenials | None,
    event: RemittanceReceived,
    context: Context,
    table: Table,
    calendar: Calendar,
) -> Sequence[Fact]:
    """Assess one claim payment: what of it is denied, and what that means for open denials.

    A claim that was never denied and is not denied now leaves no trace here.
    """
    if event.kind not in ADJUDICATED:
        return []
    before = state if state is not None else ClaimDenials()
    lines = _assessed_lines(before, event, table, context.tenant_id)
    if not lines:
        return []
    assessed = AdjudicationAssessed(
        claim_id=event.claim_id,
        remittance_id=event.remittance_id,
        position=event.position,
        payer_sequence_code=event.payer_sequence_code,
        kind=event.kind,
        payer_claim_control_number=event.payer_claim_control_number,
        filing_indicator_code=event.filing_indicator_code,
        lines=lines,
        table_version=table.version,
    )
    after = fold(before, assessed)
    answer = _Answer(event, context.tenant_id, table, calendar)
    facts: list[Event] = [assessed]
    if before.is_replaced:
        return [Fact(event.claim_id, assessed)]
    for line in lines:
        key = line_key(event.payer_sequence_code, line.line_item_control_number)
        was, now = before.lines.get(key, Line()), after.lines[key]
        known = {
            denial.fact.family: denial
            for denial in before.denials.values()
            if line_key(denial.fact.payer_sequence_code, denial.fact.line_item_control_number)
            == key
        }
        for family in dict.fromkeys((*known, *now.families)):
            facts += answer.consequences(line, family, was, now, known.get(family))
    return [Fact(event.claim_id, fact) for fact in facts]


def on_replaced(state: ClaimDenials | None, event: ChargeReversed) -> Sequence[Fact]:
    """Close what is open on a claim that another one stands for, and let nothing open on it later:
    an answer may come after its replacement.
    """
    before = state if state is not None else ClaimDenials()
    if before.is_replaced:
        return []
    claim_id = event.claim_id
    facts: list[Event] = [ReplacementNoted(claim_id=claim_id, replaced_by=event.replaced_by)]
    facts += [
        DenialClosed(denial_id=key, claim_id=claim_id, cause="replaced")
        for key, denial in before.denials.items()
        if denial.is_open
    ]
    return [Fact(claim_id, fact) for fact in facts]


def _assessed_lines(
    before: ClaimDenials, event: RemittanceReceived, table: Table, tenant_id: str
) -> list[AssessedLine]:
    """Return the claim level and the lines that have denied money, or had some before."""
    found = []
    for number, told in _lines_of(event).items():
        denied: dict[str, int] = {}
        for adjustment in told.adjustments:
            key = _denied_as(before, adjustment, event, table, tenant_id)
            if key and adjustment.amount_cents:
                denied[key] = denied.get(key, 0) + adjustment.amount_cents
        known = line_key(event.payer_sequence_code, number) in before.lines
        if any(denied.values()) or known:
            found.append(
                AssessedLine(
                    line_item_control_number=number,
                    procedure_code=told.procedure_code,
                    paid_cents=told.paid_cents,
                    denied=denied,
                )
            )
    return found


class _Told(NamedTuple):
    """What one answer tells of one line (or of the claim as a whole)."""

    procedure_code: str
    paid_cents: int
    adjustments: list[Adjustment]
    remark_codes: list[str]


def _lines_of(event: RemittanceReceived) -> dict[str, _Told]:
    """Give claim level (under no number) and lines by our number; parts of a split line together.

    A line whose number the payer did not return is told by its procedure and its turn among those.
    """
    told = {"": _Told("", event.paid_cents, list(event.adjustments), list(event.remark_codes))}
    turns: Counter[str] = Counter()
    for line in event.lines:
        code = line.procedure_code or line.revenue_code
        turns[code] += 1
        number = line.line_item_control_number or f"#{code}.{turns[code]}"
        first = told.get(number, _Told(line.procedure_code, 0, [], []))
        told[number] = _Told(
            first.procedure_code,
            first.paid_cents + line.paid_cents,
            [*first.adjustments, *line.adjustments],
            [*first.remark_codes, *line.remark_codes],
        )
    return told


def _denied_as(
    before: ClaimDenials,
    adjustment: Adjustment,
    event: RemittanceReceived,
    table: Table,
    tenant_id: str,
) -> str:
    """Return `family|group|reason` of an adjustment that is denied, else nothing."""
    pair = f"{adjustment.group_code}|{adjustment.reason_code}"
    family = before.families.get(pair)
    if family is None:
        row = table.find(
            adjustment.reason_code,
            event.effective_on,
            tenant_id=tenant_id,
            payer_id=event.payer_id,
        )
        if not treatment(adjustment.group_code, row).is_denied:
            return ""
        family = row.family
    return f"{family}|{pair}"


class _Answer:
    """One claim payment, while its consequences are worked out."""

    def __init__(
        self, event: RemittanceReceived, tenant_id: str, table: Table, calendar: Calendar
    ) -> None:
        self._event = event
        self._told = _lines_of(event)
        self._tenant_id = tenant_id
        self._table = table
        self._calendar = calendar

    def denial_id(self, line: AssessedLine, family: str) -> str:
        """Return the id of the denial of a family on a line of this leg."""
        event = self._event
        return denial_id(
            self._tenant_id,
            event.claim_id,
            event.payer_sequence_code,
            line.line_item_control_number,
            family,
        )

    def consequences(
        self, line: AssessedLine, family: str, was: Line, now: Line, denial: Denial | None
    ) -> Iterator[Event]:
        """Compare what stood with what stands now: nothing, open, change or close."""
        before_cents, cents = was.family_cents(family), now.family_cents(family)
        is_open = denial is not None and denial.is_open
        if cents > 0 and not is_open:
            # A person's write-off stands until the payer withholds more, or denies anew.
            if denial is None or cents > before_cents:
                yield self._opened(line, family, now)
        elif cents > 0 and denial is not None:
            touched = any(key.split("|", 1)[0] == family for key in line.denied)
            if touched:
                yield from self._changed(line, family, now, denial)
        elif denial is not None and (is_open or denial.cause == "reversed"):
            yield from self._closed(now, denial)

    def _opened(self, line: AssessedLine, family: str, now: Line) -> DenialOpened:
        event = self._event
        group_code, reason_code = now.deciding(family)
        remark_codes = self._remarks(line)
        row = self._table.find(
            reason_code, event.effective_on, tenant_id=self._tenant_id, payer_id=event.payer_id
        )
        work = work_for(row, group_code, remark_codes)
        deadline = self._deadline(work.action_code)
        return DenialOpened(
            denial_id=self.denial_id(line, family),
            claim_id=event.claim_id,
            encounter_id=event.encounter_id,
            patient_id=event.patient_id,
            payer_id=event.payer_id,
            payer_name=event.payer_name,
            payer_sequence_code=event.payer_sequence_code,
            form=event.form,
            line_item_control_number=line.line_item_control_number,
            procedure_code=now.procedure_code,
            group_code=group_code,
            reason_code=reason_code,
            remark_codes=remark_codes,
            family=family,
            category=work.category,
            denied_cents=now.family_cents(family),
            paid_cents=max(now.paid_cents, 0),
            action_code=work.action_code,
            appealable=work.appealable,
            deadline_on=deadline.on,
            deadline_basis=deadline.basis,
            remittance_id=event.remittance_id,
            position=event.position,
            table_version=self._table.version,
        )

    def _changed(
        self, line: AssessedLine, family: str, now: Line, denial: Denial
    ) -> Iterator[DenialChanged]:
        """A part of a denial was reversed, or the payer denied more: never a second denial."""
        event, fact = self._event, denial.fact
        group_code, reason_code = now.deciding(family)
        is_answer = event.kind != "reversal"
        # A reversal need not repeat the remarks, and starts no clock.
        remark_codes = self._remarks(line) if is_answer else fact.remark_codes
        row = self._table.find(
            reason_code, event.effective_on, tenant_id=self._tenant_id, payer_id=event.payer_id
        )
        work = work_for(row, group_code, remark_codes)
        deadline = self._deadline(work.action_code)
        changed = DenialChanged(
            denial_id=fact.denial_id,
            claim_id=fact.claim_id,
            denied_cents=now.family_cents(family),
            reason_code=reason_code,
            group_code=group_code,
            remark_codes=remark_codes,
            action_code=work.action_code,
            deadline_on=deadline.on if is_answer else fact.deadline_on,
            remittance_id=event.remittance_id,
            category=work.category,
            appealable=work.appealable,
            deadline_basis=deadline.basis if is_answer else fact.deadline_basis,
        )
        yield changed

    def _closed(self, now: Line, denial: Denial) -> Iterator[DenialClosed]:
        paid_since = now.paid_cents - denial.paid_before_cents
        recovered = max(0, min(paid_since, denial.highest_cents))
        if not denial.is_open and recovered == 0:
            return
        answers_anew = self._event.kind != "payment"
        cause = ("overturned" if answers_anew else "paid") if recovered else "reversed"
        yield DenialClosed(
            denial_id=denial.fact.denial_id,
            claim_id=denial.fact.claim_id,
            cause=cause,  # type: ignore[arg-type]  # one of the causes, chosen above
            remittance_id=self._event.remittance_id,
            recovered_cents=recovered,
        )

    def _remarks(self, line: AssessedLine) -> list[str]:
        own = self._told[line.line_item_control_number].remark_codes
        return list(dict.fromkeys((*self._event.remark_codes, *own)))

    def _deadline(self, action_code: str) -> Deadline:
        event = self._event
        return self._calendar.deadline(
            action_code,
            event.effective_on,
            event.service_from or "",
            filing_code=event.filing_indicator_code,
            payer_id=event.payer_id,
            tenant_id=self._tenant_id,
        )
