"""From claims to an interchange: envelopes, numbers, and the head of each transaction set.

The same contents, numbers and moment give the same bytes, always: an interchange whose fate is
unknown can be written again to ask about it or, where that is safe, to hand it over again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from claims_svc.codec.claim837 import Claim837, claim_837
from claims_svc.model.content import ClaimContent, Form
from claims_svc.model.directory import Receiver
from rcm.x12.writer import Draft, Envelope, Renderer, transaction_text, write
from rcm.x12.x837_claims import InstitutionalClaim, ProfessionalClaim, Submission
from rcm.x12.x837_parties import Contact, ContactNumber, Submitter
from rcm.x12.x837_parties import Receiver as ReceiverName
from rcm.x12.x837_write import draft_837i, draft_837p

_RENDER: Final = Renderer()


def transaction(
    receiver: Receiver, form: Form, reference: str, number: str, claim: Claim837, at: datetime
) -> str:
    """Write one ST..SE with one claim alone, as it is shown and kept."""
    draft = _drafted(receiver, form, reference, number, [claim], at)
    return transaction_text(draft, number, _RENDER)


def write_interchange(
    receiver: Receiver,
    form: Form,
    numbers: tuple[int, int, Sequence[str]],
    batches: Sequence[Sequence[tuple[str, ClaimContent]]],
    at: datetime,
) -> bytes:
    """Write an interchange: one functional group, one transaction set for each batch.

    Args:
        receiver: Who takes it, and who we are there.
        form: P or I.
        numbers: ISA13, GS06 and the ST02 of each transaction set.
        batches: The claims of each transaction set, with their ids.
        at: Moment of ISA09, ISA10, GS04, GS05, BHT04 and BHT05.

    Raises:
        rcm.x12.writer.NotWritable: A value holds a separator or a control character; the edits
            refuse that beforehand.
    """
    interchange, group, transactions = numbers
    envelope = Envelope(
        sender=(receiver.submitter_qualifier, receiver.submitter_id),
        receiver=(receiver.receiver_qualifier, receiver.receiver_id),
        interchange_control_number=interchange,
        group_control_number=group,
        at=at,
        wants_ta1=receiver.wants_ta1,
        is_test=receiver.is_test,
    )
    drafts = []
    for number, batch in zip(transactions, batches, strict=True):
        reference = originator_reference(interchange, number)
        claims = [claim_837(claim_id, content) for claim_id, content in batch]
        drafts.append(_drafted(receiver, form, reference, number, claims, at))
    return write(drafts, envelope)


def originator_reference(interchange: int, transaction: str) -> str:
    """Give BHT03, which a 277CA returns in 2200B TRN02: ISA13 and ST02, so that an answer names the
    very sending that it answers.
    """
    return f"{interchange:09d}{transaction}"


def _drafted(
    receiver: Receiver,
    form: Form,
    reference: str,
    number: str,
    claims: Sequence[Claim837],
    at: datetime,
) -> Draft:
    numbers = [ContactNumber(qualifier_code="TE", number=receiver.contact.phone_number)]
    if receiver.contact.email:
        numbers.append(ContactNumber(qualifier_code="EM", number=receiver.contact.email))
    submission = Submission(
        submitter=Submitter(
            name=receiver.submitter_name,
            number=receiver.submitter_id,
            contacts=(Contact(name=receiver.contact.name, numbers=tuple(numbers)),),
        ),
        receiver=ReceiverName(name=receiver.receiver_name, number=receiver.receiver_id),
        originator_reference_number=reference,
        created_on=at.date(),
        created_time=f"{at:%H%M%S}",
    )
    if form == "P":
        office = [claim for claim in claims if isinstance(claim, ProfessionalClaim)]
        return draft_837p(submission, office, control_number=number)
    bills = [claim for claim in claims if isinstance(claim, InstitutionalClaim)]
    return draft_837i(submission, bills, control_number=number)
