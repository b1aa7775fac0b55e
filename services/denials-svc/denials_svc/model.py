"""What denials-svc keeps of a claim: what stands as denied on each line, and the work about it.

One stream a claim. Denied money is a sum over all answers of the payers, by leg, line, family and
reason; a reversal subtracts what its payment added. So the open denials follow from what was
answered and not from the order in which it came.
"""

from hashlib import sha256
from typing import Literal

import msgspec

from rcm.events.denials import (
    AdjudicationAssessed,
    CodingReworkRequested,
    CorrectedClaimRequested,
    DenialAssigned,
    DenialChanged,
    DenialClosed,
    DenialOpened,
    ReplacementNoted,
)
from rcm.events.envelope import Recorded
from rcm.events.event import Event
from rcm.money import Cents

LegCode = Literal["P", "S", "T"]
CloseCause = Literal["overturned", "reversed", "written-off", "replaced", "paid"]


class Line(msgspec.Struct, frozen=True):
    """What all answers of one leg say of one line, added up.

    Attributes:
        procedure_code: SVC01-2; empty at claim level.
        paid_cents: Sum of SVC03 (CLP04 at claim level).
        denied: Cents by `family|group|reason`.
    """

    procedure_code: str = ""
    paid_cents: Cents = 0
    denied: dict[str, int] = {}

    @property
    def families(self) -> list[str]:
        """Return the families of its reasons."""
        return list(dict.fromkeys(key.split("|", 1)[0] for key in self.denied))

    def family_cents(self, family: str) -> int:
        """Return what is withheld for the reasons of a family."""
        return sum(cents for key, cents in self.denied.items() if key.split("|", 1)[0] == family)

    def deciding(self, family: str) -> tuple[str, str]:
        """Return group and reason of the largest amount of a family."""
        found = [
            (-cents, key) for key, cents in self.denied.items() if key.split("|", 1)[0] == family
        ]
        _, group, reason = min(found)[1].split("|")
        return group, reason


class Denial(msgspec.Struct, frozen=True, kw_only=True):
    """A denial and the work about it.

    Attributes:
        fact: What was recorded when it opened, with later changes.
        is_open: Whether somebody still has to work on it.
        cause: Why it was closed.
        recovered_cents: What a later answer paid of it.
        note_code: Why a person closed it.
        owner: Who works on it.
        opened_at: When it was last opened.
        opened_count: How often it was opened: denied again after a reversal.
        paid_before_cents: What the line had been paid when it opened.
        highest_cents: The most that was withheld since it opened.
        is_in_rework: It was sent back to coding.
        corrected_frequency_code: The corrected claim that was asked for, or empty.
    """

    fact: DenialOpened
    is_open: bool = True
    cause: CloseCause | Literal[""] = ""
    recovered_cents: Cents = 0
    note_code: str = ""
    owner: str = ""
    opened_at: str = ""
    opened_count: int = 1
    paid_before_cents: Cents = 0
    highest_cents: Cents = 0
    is_in_rework: bool = False
    corrected_frequency_code: str = ""


class ClaimDenials(msgspec.Struct, frozen=True, tag="claim"):
    """Everything denied on one claim.

    Attributes:
        lines: By `leg|line`; the line is empty at claim level.
        denials: By denial id.
        families: Family of each `group|reason` at its first sight: later answers follow it, so that
            a reversal undoes what it reverses even when the table has changed meanwhile.
        payer_numbers: CLP07 of the last answer, by leg.
        filing_codes: CLP06 of the last answer, by leg.
        is_replaced: Another claim stands for it: nothing opens on it any more.
    """

    lines: dict[str, Line] = {}
    denials: dict[str, Denial] = {}
    families: dict[str, str] = {}
    payer_numbers: dict[str, str] = {}
    filing_codes: dict[str, str] = {}
    is_replaced: bool = False


State = ClaimDenials


def evolve(state: State | None, recorded: Recorded[Event]) -> State:
    """Fold one fact of denials-svc into the state of its claim."""
    after = fold(state, recorded.event)
    if isinstance(recorded.event, DenialOpened):
        denial = after.denials[recorded.event.denial_id]
        return _with(after, msgspec.structs.replace(denial, opened_at=recorded.recorded_at))
    return after


def fold(state: State | None, event: Event) -> State:
    """Fold one event; decisions use it to see their own earlier facts."""
    state = state if state is not None else ClaimDenials()
    match event:
        case AdjudicationAssessed():
            return _assessed(state, event)
        case DenialOpened():
            return _with(state, _opened(state, event))
        case DenialChanged():
            before = state.denials[event.denial_id]
            fact = msgspec.structs.replace(
                before.fact,
                denied_cents=event.denied_cents,
                reason_code=event.reason_code,
                group_code=event.group_code,
                remark_codes=event.remark_codes,
                category=event.category or before.fact.category,
                action_code=event.action_code,
                appealable=event.appealable,
                deadline_on=event.deadline_on,
                deadline_basis=event.deadline_basis or before.fact.deadline_basis,
                remittance_id=event.remittance_id,
            )
            highest = max(before.highest_cents, event.denied_cents)
            return _with(state, msgspec.structs.replace(before, fact=fact, highest_cents=highest))
        case DenialClosed():
            closed = msgspec.structs.replace(
                state.denials[event.denial_id],
                is_open=False,
                cause=event.cause,
                recovered_cents=event.recovered_cents,
                note_code=event.note_code,
            )
            return _with(state, closed)
        case ReplacementNoted():
            return msgspec.structs.replace(state, is_replaced=True)
        case DenialAssigned():
            before = state.denials[event.denial_id]
            return _with(state, msgspec.structs.replace(before, owner=event.owner))
        case CodingReworkRequested():
            before = state.denials[event.denial_id]
            return _with(state, msgspec.structs.replace(before, is_in_rework=True))
        case CorrectedClaimRequested():
            before = state.denials[event.denial_id]
            code = event.frequency_code
            return _with(state, msgspec.structs.replace(before, corrected_frequency_code=code))
        case _:
            return state


def _assessed(state: State, event: AdjudicationAssessed) -> State:
    lines, families = dict(state.lines), dict(state.families)
    for line in event.lines:
        key = line_key(event.payer_sequence_code, line.line_item_control_number)
        before = lines.get(key, Line())
        denied = dict(before.denied)
        for reason, cents in line.denied.items():
            denied[reason] = denied.get(reason, 0) + cents
            family, pair = reason.split("|", 1)
            families.setdefault(pair, family)
        lines[key] = Line(
            line.procedure_code or before.procedure_code,
            before.paid_cents + line.paid_cents,
            {reason: cents for reason, cents in denied.items() if cents},
        )
    numbers = state.payer_numbers
    if event.payer_claim_control_number and event.kind != "reversal":
        numbers = {**numbers, event.payer_sequence_code: event.payer_claim_control_number}
    filing = {**state.filing_codes, event.payer_sequence_code: event.filing_indicator_code}
    return msgspec.structs.replace(
        state, lines=lines, families=families, payer_numbers=numbers, filing_codes=filing
    )


def _opened(state: State, event: DenialOpened) -> Denial:
    before = state.denials.get(event.denial_id)
    line = state.lines.get(
        line_key(event.payer_sequence_code, event.line_item_control_number), Line()
    )
    return Denial(
        fact=event,
        owner=before.owner if before is not None else "",
        opened_count=before.opened_count + 1 if before is not None else 1,
        paid_before_cents=line.paid_cents,
        highest_cents=event.denied_cents,
    )


def _with(state: State, denial: Denial) -> State:
    denials = {**state.denials, denial.fact.denial_id: denial}
    return msgspec.structs.replace(state, denials=denials)


def line_key(leg_code: str, line_item_control_number: str) -> str:
    """Name a line of a leg in the state."""
    return f"{leg_code}|{line_item_control_number}"


def denial_id(tenant_id: str, claim_id: str, leg_code: str, line: str, family: str) -> str:
    """Derive the id of a denial: one for each leg, line and family of reasons."""
    text = "".join(f"{len(p)}:{p}" for p in (tenant_id, claim_id, leg_code, line, family))
    return f"dnl_{sha256(text.encode()).hexdigest()[:24]}"
