"""The 837 health care claim: professional, institutional, dental. Typed, read, written, checked.

    from rcm.x12 import x837

    for event in x837.FileCheck(source, as_of=today):
        if isinstance(event, x837.CheckedClaim):
            event.claim, event.findings

    x837.check_claim(claim, as_of=today)
    x837.check_built(submission, claims, as_of=today)
    x837.write_837p(submission, claims, envelope)

`docs/x12/837.md` draws the loops, explains the balances with numbers and lists our departures.
"""

from rcm.x12.code_sets import CodeSets, NoCodeSets
from rcm.x12.set_aside import SetAside
from rcm.x12.x835_documents import Adjustment
from rcm.x12.x837_check import CheckedClaim, FileCheck, check_claim
from rcm.x12.x837_check_built import check_built
from rcm.x12.x837_claims import (
    Claim,
    DentalClaim,
    InstitutionalClaim,
    ProfessionalClaim,
    Submission,
)
from rcm.x12.x837_details import (
    Ambulance,
    Attachment,
    Condition,
    Contract,
    Diagnosis,
    Drug,
    EquipmentCertification,
    Form,
    FormAnswer,
    InpatientProcedure,
    Measurement,
    Note,
    Occurrence,
    OccurrenceSpan,
    Orthodontics,
    Procedure,
    Repricing,
    SpinalManipulation,
    Tooth,
    ToothStatus,
    ValueCode,
)
from rcm.x12.x837_lines import (
    DentalLine,
    EquipmentRental,
    InpatientAdjudication,
    InstitutionalLine,
    LineAdjudication,
    OtherPayer,
    OtherSubscriber,
    OutpatientAdjudication,
    ProfessionalLine,
    ServiceLine,
)
from rcm.x12.x837_parties import (
    Address,
    BillingProvider,
    Contact,
    ContactNumber,
    Patient,
    Payer,
    PayToPlan,
    Provider,
    Receiver,
    Reference,
    Submitter,
    Subscriber,
)
from rcm.x12.x837_read import Header, ReadClaim, Reading, Stream, Trailer, read
from rcm.x12.x837_write import (
    draft_837d,
    draft_837i,
    draft_837p,
    grouped,
    write_837d,
    write_837i,
    write_837p,
)

__all__ = [
    "Address",
    "Adjustment",
    "Ambulance",
    "Attachment",
    "BillingProvider",
    "CheckedClaim",
    "Claim",
    "CodeSets",
    "Condition",
    "Contact",
    "ContactNumber",
    "Contract",
    "DentalClaim",
    "DentalLine",
    "Diagnosis",
    "Drug",
    "EquipmentCertification",
    "EquipmentRental",
    "FileCheck",
    "Form",
    "FormAnswer",
    "Header",
    "InpatientAdjudication",
    "InpatientProcedure",
    "InstitutionalClaim",
    "InstitutionalLine",
    "LineAdjudication",
    "Measurement",
    "NoCodeSets",
    "Note",
    "Occurrence",
    "OccurrenceSpan",
    "Orthodontics",
    "OtherPayer",
    "OtherSubscriber",
    "OutpatientAdjudication",
    "Patient",
    "PayToPlan",
    "Payer",
    "Procedure",
    "ProfessionalClaim",
    "ProfessionalLine",
    "Provider",
    "ReadClaim",
    "Reading",
    "Receiver",
    "Reference",
    "Repricing",
    "ServiceLine",
    "SetAside",
    "SpinalManipulation",
    "Stream",
    "Submission",
    "Submitter",
    "Subscriber",
    "Tooth",
    "ToothStatus",
    "Trailer",
    "ValueCode",
    "check_built",
    "check_claim",
    "draft_837d",
    "draft_837i",
    "draft_837p",
    "grouped",
    "read",
    "write_837d",
    "write_837i",
    "write_837p",
]
