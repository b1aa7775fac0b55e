"""Which transactions have typed JSON, and how each becomes one document and is written again."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from msgspec import Struct

from rcm.x12 import (
    registry,
    x270,
    x275,
    x276,
    x277ca,
    x277rfai,
    x278,
    x820,
    x834,
    x835,
    x837,
    x999,
)
from rcm.x12.lexer import Delimiters
from rcm.x12.writer import Draft, NotWritable
from rcm.x12.x837_claims import DentalClaim, InstitutionalClaim, ProfessionalClaim, Submission


class ProfessionalClaims(Struct, frozen=True):
    """One 837P."""

    submission: Submission
    claims: tuple[ProfessionalClaim, ...]


class InstitutionalClaims(Struct, frozen=True):
    """One 837I."""

    submission: Submission
    claims: tuple[InstitutionalClaim, ...]


class DentalClaims(Struct, frozen=True):
    """One 837D."""

    submission: Submission
    claims: tuple[DentalClaim, ...]


class Inquiries(Struct, frozen=True):
    """One 270."""

    exchange: x270.Exchange
    inquiries: tuple[x270.Inquiry, ...]


class Responses(Struct, frozen=True):
    """One 271."""

    exchange: x270.Exchange
    responses: tuple[x270.Response, ...]


class StatusRequests(Struct, frozen=True):
    """One 276."""

    exchange: x276.StatusExchange
    requests: tuple[x276.StatusRequest, ...]


class StatusReports(Struct, frozen=True):
    """One 277."""

    exchange: x276.StatusExchange
    reports: tuple[x276.StatusReport, ...]


class Attachments(Struct, frozen=True):
    """One 275."""

    attachments: tuple[x275.Attachment, ...]


class InformationRequests(Struct, frozen=True):
    """One 277 request for additional information."""

    requests: tuple[x277rfai.Request, ...]


class Reviews(Struct, frozen=True):
    """One 278."""

    reviews: tuple[x278.Review, ...]


class Members(Struct, frozen=True):
    """One 834."""

    members: tuple[x834.Member, ...]


class Kind(NamedTuple):
    """How a transaction becomes a document and a document a transaction.

    Attributes:
        make: The document's type.
        read: From a file to its document; None where not all of it was taken.
        draft: From a document, the delimiters and ST02 to what is written.
        shared: Fields that all members of its one list have alike: the head of the transaction,
            which JSON holds once, beside the list.
        data: What BIN and BDS of it hold, in order.
    """

    make: type
    read: Callable[[bytes], Any]
    draft: Callable[[Any, Delimiters, str], Draft]
    shared: tuple[str, ...] = ()
    data: Callable[[Any], list[bytes]] = lambda _: []


def _read_835(data: bytes) -> Any:
    reading = x835.read(data)
    return None if reading.set_aside else _only(reading.remittances)


def _read_277ca(data: bytes) -> Any:
    reading = x277ca.read(data)
    return None if reading.set_aside else _only(reading.acknowledgments)


def _read_999(data: bytes) -> Any:
    reading = x999.read(data)
    return None if reading.set_aside else _only(reading.acknowledgments)


def _read_837(make: type) -> Callable[[bytes], Any]:
    def read(data: bytes) -> Any:
        reading = x837.read(data)
        if reading.set_aside or not reading.claims:
            return None
        submission = reading.claims[0].submission
        if submission is None:  # BHT is missing: there is no head to write
            return None
        return make(submission, tuple(one.claim for one in reading.claims))

    return read


def _read_270(data: bytes) -> Any:
    reading = x270.read(data)
    if reading.set_aside or not (reading.inquiries or reading.responses):
        return None
    if reading.inquiries:
        asked = tuple(one.inquiry for one in reading.inquiries)
        return Inquiries(reading.inquiries[0].exchange, asked)
    answered = tuple(one.response for one in reading.responses)
    return Responses(reading.responses[0].exchange, answered)


def _read_276(data: bytes) -> Any:
    reading = x276.read(data)
    if reading.set_aside or not reading.documents:
        return None
    exchange = reading.documents[0].exchange
    if reading.requests:
        return StatusRequests(exchange, reading.requests)
    return StatusReports(exchange, reading.reports)


def _read_listed(module: Any, make: type) -> Callable[[bytes], Any]:
    def read(data: bytes) -> Any:
        reading = module.read(data)
        if reading.set_aside or not reading.documents:
            return None
        return make(reading.documents)

    return read


def _read_820(data: bytes) -> Any:
    reading = x820.read(data)
    return None if reading.set_aside else _only(reading.documents)


def _one(drafts: list[Draft], number: str) -> Draft:
    """Give the one transaction that documents make.

    Raises:
        NotWritable: They are of several, or of none.
    """
    if len(drafts) != 1:
        raise NotWritable("its members have different heads")
    return drafts[0]._replace(control_number=number)


def _only(documents: tuple[Any, ...]) -> Any:
    return documents[0] if len(documents) == 1 else None


_BEGIN: Final = ("reference_number", "created_on", "created_time")
#: By ST01 and the guide's id.
_KINDS: Final[dict[str, Kind]] = {
    "835 005010X221A1": Kind(
        x835.Remittance,
        _read_835,
        lambda one, _, number: Draft(x835.GUIDE, x835.segments(one), number),
    ),
    "277 005010X214": Kind(
        x277ca.ClaimAcknowledgment,
        _read_277ca,
        lambda one, _, number: Draft(x277ca.GUIDE, x277ca.segments(one), number),
    ),
    "999 005010X231A1": Kind(
        x999.GroupAcknowledgment,
        _read_999,
        lambda one, _, number: Draft(x999.GUIDE, x999.segments(one), number),
    ),
    "837 005010X222A1": Kind(
        ProfessionalClaims,
        _read_837(ProfessionalClaims),
        lambda one, marks, number: x837.draft_837p(one.submission, one.claims, marks, number),
    ),
    "837 005010X223A2": Kind(
        InstitutionalClaims,
        _read_837(InstitutionalClaims),
        lambda one, marks, number: x837.draft_837i(one.submission, one.claims, marks, number),
    ),
    "837 005010X224A2": Kind(
        DentalClaims,
        _read_837(DentalClaims),
        lambda one, marks, number: x837.draft_837d(one.submission, one.claims, marks, number),
    ),
    "270 005010X279A1": Kind(
        Inquiries,
        _read_270,
        lambda one, _, number: x270.draft_270(one.inquiries, one.exchange, number),
    ),
    "271 005010X279A1": Kind(
        Responses,
        _read_270,
        lambda one, _, number: x270.draft_271(one.responses, one.exchange, number),
    ),
    "276 005010X212": Kind(
        StatusRequests,
        _read_276,
        lambda one, _, number: x276.draft_276(one.requests, one.exchange, number),
    ),
    "277 005010X212": Kind(
        StatusReports,
        _read_276,
        lambda one, _, number: x276.draft_277(one.reports, one.exchange, number),
    ),
    "275 005010X210": Kind(
        Attachments,
        _read_listed(x275, Attachments),
        lambda one, _, number: _one(x275.drafts(one.attachments), number),
        shared=(
            "purpose_code", *_BEGIN, "payer", "submitter", "provider", "patient", "claim_dates",
        ),
        data=lambda one: [content.data for content in x275.contents(one.attachments)],
    ),
    "277 005010X213": Kind(
        InformationRequests,
        _read_listed(x277rfai, InformationRequests),
        lambda one, _, number: _one(x277rfai.drafts(one.requests), number),
        shared=_BEGIN,
    ),
    "278 005010X217": Kind(
        Reviews,
        _read_listed(x278, Reviews),
        lambda one, _, number: _one(x278.drafts(one.reviews), number),
        shared=("purpose_code", *_BEGIN, "type_code"),
    ),
    "820 005010X218": Kind(
        x820.PremiumPayment,
        _read_820,
        lambda one, _, number: _one(x820.drafts([one]), number),
    ),
    "834 005010X220A1": Kind(
        Members,
        _read_listed(x834, Members),
        lambda one, _, number: _one(x834.drafts(one.members), number),
        shared=("enrollment",),
    ),
}  # fmt: skip


def kind(set_code: str, version: str) -> Kind | None:
    """Find how a transaction becomes a document; None when it has no typed document.

    Args:
        set_code: ST01.
        version: ST03, or GS08 where ST03 is not used; another errata of a guide is that guide.
    """
    both = f"{set_code} {version}"
    guide = registry.guide(both) or registry.guide(version)
    return _KINDS.get(f"{set_code} {guide.guide_id}") if guide is not None else None
