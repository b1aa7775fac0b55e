"""The 835 health care claim payment, 005010X221A1: read, check, write.

    reading = x835.read(data)
    for remittance in reading.remittances:
        findings = x835.check(remittance)
    data = x835.write(remittances, envelope)

`read` is for files that fit in memory; `Stream` gives a file of any size event by event.
"""

from rcm.x12.guide_835 import GUIDE
from rcm.x12.set_aside import SetAside
from rcm.x12.x835_check import (
    check,
    check_claim,
    check_payment,
    check_provider_adjustment,
)
from rcm.x12.x835_documents import (
    Account,
    Address,
    Adjustment,
    Amount,
    ClaimGroup,
    ClaimPayment,
    Contact,
    ContactNumber,
    DatedOn,
    Delivery,
    Organization,
    Party,
    Payment,
    Procedure,
    ProviderAdjustment,
    Quantity,
    Reference,
    Remark,
    Remittance,
    ServiceLine,
)
from rcm.x12.x835_read import (
    Event,
    GroupStart,
    Header,
    Reading,
    Stream,
    Trailer,
    read,
)
from rcm.x12.x835_write import segments
from rcm.x12.x835_write import write_remittances as write

__all__ = [
    "GUIDE", "Account", "Address", "Adjustment", "Amount", "ClaimGroup", "ClaimPayment",
    "Contact", "ContactNumber", "DatedOn", "Delivery", "Event", "GroupStart", "Header",
    "Organization", "Party", "Payment", "Procedure", "ProviderAdjustment", "Quantity", "Reading",
    "Reference", "Remark", "Remittance", "ServiceLine", "SetAside", "Stream", "Trailer", "check",
    "check_claim", "check_payment", "check_provider_adjustment", "read", "segments", "write",
]  # fmt: skip
