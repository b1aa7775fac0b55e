"""What people ask for on a denial: an owner, a corrected claim, the coder, an end."""

from collections.abc import Sequence
from typing import Literal

from denials_svc.model import ClaimDenials, Denial
from denials_svc.problems import (
    AlreadyAskedFor,
    DenialIsClosed,
    NewClaimNeeded,
    PayerNumberUnknown,
)
from rcm.domain import Fact
from rcm.events.denials import (
    CodingReworkRequested,
    CorrectedClaimRequested,
    DenialAssigned,
    DenialClosed,
)
from rcm.problems import NotFound

MEDICARE_PART_B = "MB"
"""CLP06 of the payers that take no replacement claims (837P frequency 7 or 8)."""


def assign(state: ClaimDenials | None, denial_id: str, owner: str) -> Sequence[Fact]:
    """Give a denial to somebody, or to nobody.

    Raises:
        NotFound: There is no such denial.
        DenialIsClosed: There is nothing left to do on it.
    """
    denial = _open(state, denial_id)
    if denial.owner == owner:
        return []
    claim_id = denial.fact.claim_id
    return [Fact(claim_id, DenialAssigned(denial_id=denial_id, claim_id=claim_id, owner=owner))]


def write_off(state: ClaimDenials | None, denial_id: str, note_code: str) -> Sequence[Fact]:
    """Close a denial without money.

    Raises:
        NotFound: There is no such denial.
        DenialIsClosed: It is closed already.
    """
    denial = _open(state, denial_id)
    event = DenialClosed(
        denial_id=denial_id,
        claim_id=denial.fact.claim_id,
        cause="written-off",
        note_code=note_code,
    )
    return [Fact(denial.fact.claim_id, event)]


def request_rework(state: ClaimDenials | None, denial_id: str) -> Sequence[Fact]:
    """Send a denial back to the coder.

    Raises:
        NotFound: There is no such denial.
        DenialIsClosed: There is nothing left to do on it.
        AlreadyAskedFor: The coder has it already.
    """
    denial = _open(state, denial_id)
    if denial.is_in_rework:
        raise AlreadyAskedFor("The coder has it.")
    fact = denial.fact
    event = CodingReworkRequested(
        denial_id=denial_id,
        claim_id=fact.claim_id,
        encounter_id=fact.encounter_id,
        category=fact.category,
    )
    return [Fact(fact.claim_id, event)]


def request_corrected_claim(
    state: ClaimDenials | None, denial_id: str, frequency_code: Literal["1", "7", "8"] | None
) -> Sequence[Fact]:
    """Ask for a corrected claim.

    Args:
        state: The claim.
        denial_id: Which denial it answers.
        frequency_code: 7 replacement, 8 void, 1 new claim; None for what fits the denial.

    Raises:
        NotFound: There is no such denial.
        DenialIsClosed: There is nothing left to do on it.
        AlreadyAskedFor: A corrected claim is on its way.
        NewClaimNeeded: The payer takes no replacement of this claim.
        PayerNumberUnknown: The payer gave no number that a replacement could cite.
    """
    denial = _open(state, denial_id)
    assert state is not None, "a denial that was found has a claim"
    if denial.corrected_frequency_code:
        raise AlreadyAskedFor("A corrected claim was asked for.")
    fact = denial.fact
    leg_code = fact.payer_sequence_code
    needs_new = fact.action_code == "NEW" or "MA130" in fact.remark_codes
    needs_new = needs_new or (
        state.filing_codes.get(leg_code) == MEDICARE_PART_B and fact.form == "P"
    )
    frequency = frequency_code or ("1" if needs_new else "7")
    if frequency != "1" and needs_new:
        raise NewClaimNeeded("Ask for frequency 1.")
    number = state.payer_numbers.get(leg_code, "") if frequency != "1" else ""
    if frequency != "1" and not number:
        raise PayerNumberUnknown("Ask the payer for it, or send a new claim.")
    event = CorrectedClaimRequested(
        denial_id=denial_id,
        claim_id=fact.claim_id,
        frequency_code=frequency,
        payer_claim_control_number=number,
    )
    return [Fact(fact.claim_id, event)]


def _open(state: ClaimDenials | None, denial_id: str) -> Denial:
    denial = state.denials.get(denial_id) if state is not None else None
    if denial is None:
        raise NotFound("No such denial.")
    if not denial.is_open:
        raise DenialIsClosed(f"It was {denial.cause}.")
    return denial
