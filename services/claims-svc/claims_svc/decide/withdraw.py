"""A release that coding asks back: taken back while none of its claims is out, refused afterwards.

    ReleaseWithdrawalRequested ──▶ ReleaseWithdrawalNoted ──▶ ReleaseWithdrawalSettled
                                   (which claims to load)     with ClaimReplaced for each, or not

The race with the sending job is settled by the claims' own streams: both decisions read and write
them, so that a claim is either batched first, and the release stands, or replaced first, and the
claim is in no interchange ever.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from claims_svc.model.states import ClaimState, EncounterState, encounter_stream
from rcm.domain import Context, Fact, Loaded
from rcm.events.claims import ClaimReplaced
from rcm.events.claims_withdrawal import ReleaseWithdrawalNoted, ReleaseWithdrawalSettled
from rcm.events.coding_desk import ReleaseWithdrawalRequested
from rcm.events.envelope import Recorded


def note_streams(recorded: Recorded[ReleaseWithdrawalRequested]) -> list[str]:
    """Name what `note` reads and writes."""
    return [encounter_stream(recorded.event.encounter_id)]


def note(
    loaded: Loaded, recorded: Recorded[ReleaseWithdrawalRequested], _context: Context
) -> list[Fact]:
    """Remember that a release is asked back; only this encounter's state names its claims."""
    event = recorded.event
    stream = encounter_stream(event.encounter_id)
    if not isinstance(loaded.get(stream), EncounterState):
        # An operator passed over its release: there is nothing here to send.
        settled = ReleaseWithdrawalSettled(
            encounter_id=event.encounter_id,
            coded_version=event.coded_version,
            withdrawal_id=event.withdrawal_id,
            outcome="withdrawn",
            claim_ids=[],
        )
        return [Fact(stream, settled)]
    noted = ReleaseWithdrawalNoted(
        encounter_id=event.encounter_id,
        coded_version=event.coded_version,
        withdrawal_id=event.withdrawal_id,
    )
    return [Fact(stream, noted)]


def settle_withdrawal(
    loaded: Loaded, _context: Context, encounter_id: str, outcome: str, claim_ids: Sequence[str]
) -> list[Fact]:
    """Take a release back, if none of its claims is out.

    Args:
        loaded: The encounter and all its claims.
        encounter_id: Which encounter.
        outcome: Of its billing, when its claims were looked up.
        claim_ids: All claims that it ever had.

    Returns:
        Nothing when it was settled before, or when it was billed anew meanwhile: look again.
    """
    stream = encounter_stream(encounter_id)
    before = loaded.get(stream)
    if not isinstance(before, EncounterState) or before.withdrawal is None:
        return []
    if before.outcome != outcome or not set(before.claim_ids) <= set(claim_ids):
        return []
    asked = before.withdrawal
    settled = ReleaseWithdrawalSettled(
        encounter_id=encounter_id,
        coded_version=asked.coded_version,
        withdrawal_id=asked.withdrawal_id,
        outcome="refused",
        claim_ids=[],
    )
    known = [loaded.get(one) for one in claim_ids]
    claims = [one for one in known if isinstance(one, ClaimState)]
    if before.coded_version > asked.coded_version:
        ids = list(before.claim_ids)
        return [Fact(stream, replace(settled, cause="superseded", claim_ids=ids))]
    own = [claim for claim in claims if claim.coded_version == asked.coded_version]
    out = [claim.claim_id for claim in own if _is_out(claim)]
    if out:
        return [Fact(stream, replace(settled, cause="sent", claim_ids=out))]
    taken_back = [claim for claim in own if claim.status != "replaced"]
    standing = [claim for claim in claims if claim not in own and claim.status != "replaced"]
    withdrawn = replace(
        settled,
        outcome="withdrawn",
        claim_ids=[claim.claim_id for claim in taken_back],
        standing_claim_ids=[claim.claim_id for claim in standing],
        standing_cents=sum(claim.billed_cents for claim in standing),
    )
    gone = [
        Fact(claim.claim_id, ClaimReplaced(claim_id=claim.claim_id, replaced_by=""))
        for claim in taken_back
    ]
    return [Fact(stream, withdrawn), *gone]


def _is_out(claim: ClaimState) -> bool:
    """Tell whether the payer has a claim or may have it; a rejected one it never took."""
    return claim.was_sent or (claim.status == "replaced" and bool(claim.replaced_by))
