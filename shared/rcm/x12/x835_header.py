"""Read what surrounds the claims of an 835: the header, LX groups and provider adjustments."""

from datetime import date

from rcm.x12.envelope import Unit
from rcm.x12.origin import Origin
from rcm.x12.set_aside import Unreadable
from rcm.x12.values import cents, day, optional_day
from rcm.x12.x835_claims import read_contact
from rcm.x12.x835_documents import (
    Account,
    Address,
    ClaimGroup,
    Contact,
    Delivery,
    Organization,
    Payment,
    ProviderAdjustment,
    Reference,
    Remittance,
)


def read_header(origin: Origin) -> Remittance:
    """Read ST to the end of 1000B: a remittance without its claims.

    Raises:
        Unreadable: There is no BPR or TRN, or a value in them cannot be read.
    """
    segments = origin.unit.segments
    known: dict[str, list[str]] = {}
    payer, payee = _Organization(), _Organization()
    organization = payer
    index = 0
    try:
        for index, raw in enumerate(segments):  # noqa: B007 - told to the caller when one fails
            segment = raw + [""] * (5 - len(raw))
            tag = segment[0]
            if tag == "N1":
                organization = payee if segment[1] == "PE" else payer
                organization.name = segment
            elif tag in {"REF", "DTM"} and not organization.name:
                known[f"{tag}{segment[1]}"] = segment
            elif tag in {"ST", "BPR", "TRN", "CUR"}:
                known[tag] = segment
                if tag == "BPR":
                    cents(segment[2])
            else:
                organization.take(segment)
        index = 0
        return _remittance(known, payer, payee, origin)
    except (ValueError, KeyError):
        raise Unreadable(index) from None


def _remittance(
    known: dict[str, list[str]], payer: "_Organization", payee: "_Organization", origin: Origin
) -> Remittance:
    produced = known.get("DTM405")
    return Remittance(
        transaction_control_number=known["ST"][2],
        payment=_payment(known["BPR"], known["TRN"]),
        currency_code=known["CUR"][2] if "CUR" in known else "",
        receiver_number=known["REFEV"][2] if "REFEV" in known else "",
        payer_system_version=known["REFF2"][2] if "REFF2" in known else "",
        production_on=_day_or_none(produced[2]) if produced else None,
        payer=payer.read(),
        payee=payee.read(),
        origin=origin,
    )


def _payment(bpr: list[str], trn: list[str]) -> Payment:
    if not trn[2]:
        raise ValueError("TRN02 is the number of the payment")
    bpr = bpr + [""] * (17 - len(bpr))
    return Payment(
        handling_code=bpr[1],
        amount_cents=cents(bpr[2]),
        credit_debit_code=bpr[3],
        method_code=bpr[4],
        format_code=bpr[5],
        payer_account=Account(*bpr[6:10]),
        originator_number=bpr[10],
        originator_supplement=bpr[11],
        payee_account=Account(*bpr[12:16]),
        effective_on=_day_or_none(bpr[16]),
        trace_number=trn[2],
        payer_number=trn[3],
        trace_supplement=trn[4],
    )


def _day_or_none(text: str) -> date | None:
    """Read a date of the header; one that is wrong is no reason to set every claim aside."""
    try:
        return optional_day(text)
    except ValueError:
        return None


class _Organization:
    """Gathers the segments of 1000A or 1000B."""

    def __init__(self) -> None:
        self.name: list[str] = []
        self.street: list[str] = []
        self.place: list[str] = []
        self.references: list[Reference] = []
        self.contacts: list[Contact] = []
        self.delivery: Delivery | None = None

    def take(self, segment: list[str]) -> None:
        match segment[0]:
            case "N3":
                self.street = segment
            case "N4":
                self.place = segment + [""] * (8 - len(segment))
            case "REF":
                self.references.append(Reference(segment[1], segment[2]))
            case "PER":
                self.contacts.append(read_contact(segment))
            case "RDM":
                self.delivery = Delivery(*segment[1:4])
            case _:
                pass  # the checker has said so

    def read(self) -> Organization:
        name = self.name or [""] * 5
        address = None
        if self.street or self.place:
            street = self.street or ["N3", "", ""]
            place = self.place or ["N4", *[""] * 7]
            address = Address(
                line_1=street[1],
                line_2=street[2],
                city=place[1],
                state_code=place[2],
                postal_code=place[3],
                country_code=place[4],
                subdivision_code=place[7],
            )
        return Organization(
            name=name[2],
            qualifier_code=name[3],
            number=name[4],
            address=address,
            references=tuple(self.references),
            contacts=tuple(self.contacts),
            delivery=self.delivery,
        )


def read_group(unit: Unit) -> ClaimGroup:
    """Read LX with TS3 and TS2: a group without its claims."""
    summaries = {segment[0]: tuple(segment[1:]) for segment in unit.segments}
    return ClaimGroup(
        number=_at(unit.segments[0], 1),
        provider_summary=summaries.get("TS3", ()),
        drg_summary=summaries.get("TS2", ()),
    )


def read_provider_adjustments(unit: Unit) -> list[ProviderAdjustment]:
    """Read the pairs of a PLB.

    Raises:
        Unreadable: An amount or the fiscal period cannot be read.
    """
    found: list[ProviderAdjustment] = []
    index = 0
    try:
        for index, segment in enumerate(unit.segments):  # noqa: B007 - told to the caller
            if segment[0] != "PLB":
                continue
            for at in range(3, max(len(segment), 4), 2):
                if not _at(segment, at) and not _at(segment, at + 1):
                    continue
                found.append(_provider_adjustment(segment, at, Origin(unit, "")))
        if not found:
            raise Unreadable(0)
    except (ValueError, IndexError):
        raise Unreadable(index) from None
    return found


def _provider_adjustment(segment: list[str], at: int, origin: Origin) -> ProviderAdjustment:
    component = origin.unit.transaction.delimiters.component
    reason, _, number = segment[at].partition(component)
    if not reason:
        raise ValueError("an amount without a reason")
    return ProviderAdjustment(
        provider_number=segment[1],
        fiscal_period_on=day(segment[2]),
        reason_code=reason,
        reference_number=number,
        amount_cents=cents(_at(segment, at + 1)),
        origin=origin,
    )


def _at(segment: list[str], position: int) -> str:
    return segment[position] if position < len(segment) else ""
