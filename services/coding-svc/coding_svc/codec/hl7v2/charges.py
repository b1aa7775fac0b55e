"""FT1: what was done and what it costs.

FT1-2   number of the charge; empty, or the same for all lines, in many feeds
FT1-4   date of service (since 2.5 a range); FT1-5 is only the posting date
FT1-6   CG charge, CD credit; PY AJ CO are no charges
FT1-7   the charge master code; a procedure only if its system says so
FT1-25  the procedure; FT1-26 its modifiers, in version 2.3 feeds too
"""

import re
from typing import Final

from msgspec import Struct

from coding_svc.codec.hl7v2.message import Segment
from coding_svc.codec.hl7v2.parts import diagnosis_code, first_filled, practitioner
from coding_svc.codec.hl7v2.values import cents, moment, thousandths
from coding_svc.model.account import Charge
from coding_svc.model.reasons import reason
from coding_svc.rules.codes import (
    CodeSystem,
    hcpcs,
    modifier_is_shaped,
    ndc,
    place_of_service,
    revenue_code,
    system_of,
)
from coding_svc.rules.profile import MasterEntry, Profile
from rcm.events.clinical import DrugLine, Reason

_NO_ENTRY: Final = MasterEntry()
_MODIFIERS_MAX: Final = 4
_PACKED: Final = re.compile(r"(?:[A-Z0-9]{2}){2,4}", re.ASCII)
_CODE_WITH_MODIFIERS: Final = re.compile(r"([A-Z0-9]{5})((?:-[A-Z0-9]{2}){1,4})", re.ASCII)


class Line(Struct):
    """An FT1 and what stands in its group.

    Attributes:
        ft1: The transaction.
        procedures: Its PR1.
        diagnoses: Its DG1 (P11 only; elsewhere DG1 belong to the encounter).
        coverages: Its IN1 groups (P11 only).
    """

    ft1: Segment
    procedures: list[Segment]
    diagnoses: list[Segment]
    coverages: list[dict[str, Segment]]


def is_charge(ft1: Segment) -> bool:
    """Tell whether a transaction is a charge or the credit of one, by FT1-6."""
    return ft1.text(6).upper() in ("", "CG", "CD")


def charge(line: Line, profile: Profile, origin: str) -> Charge:
    """Read one charge or credit."""
    ft1 = line.ft1
    faults: list[Reason] = []
    code = _Codes(line, profile, faults)
    service = moment(ft1.text(4), profile.zone)
    if service is None:
        faults.append(reason("service-date-missing", f"{ft1.path}-4"))
    through = moment(ft1.text(4, 2), profile.zone) or service
    units = _units(ft1, faults)
    billed = _billed_cents(ft1, units, code.entry, faults)
    is_credit = ft1.text(6).upper() == "CD" or units < 0 or (billed or 0) < 0
    number = ft1.text(2)
    # Most senders stop after the modifiers: what stands behind is asked for only if it is there.
    goes_on = len(ft1.fields) > 27
    return Charge(
        charge_id=number or origin,
        is_numbered=bool(number),
        is_credit=is_credit,
        reference=(ft1.text(31) or ft1.text(30)) if goes_on else "",
        service_from=service.day if service is not None else "",
        service_through=through.day if through is not None else "",
        billed_cents=abs(billed) if billed is not None else None,
        units_milli=abs(units),
        cdm_code=code.cdm,
        procedure_code=code.procedure,
        modifiers=code.modifiers,
        revenue_code=code.revenue,
        diagnosis_codes=_diagnoses(line, faults),
        rendering=practitioner(ft1, 20, profile),
        ordering=practitioner(ft1, 21, profile),
        department_code=code.department,
        place_of_service_code=_place_of_service(ft1, profile),
        drug=_drug(ft1, abs(units), faults) if goes_on else None,
        form=profile.form,
        faults=tuple(faults),
        origin=origin,
    )


class _Codes:
    """The codes of a line, from FT1-25 and FT1-26, FT1-7, PR1-3 and the charge master."""

    def __init__(self, line: Line, profile: Profile, faults: list[Reason]) -> None:
        ft1 = line.ft1
        self.cdm = self.procedure = self.revenue = ""
        self.department = department = ft1.text(13)
        self.entry = _NO_ENTRY
        self._faults = faults
        found: list[str] = []
        transaction, system = ft1.text(7), system_of(ft1.text(7, 3))
        self._procedure(ft1.text(25), system_of(ft1.text(25, 3)), f"{ft1.path}-25", found)
        if system is CodeSystem.REVENUE:
            self.revenue = revenue_code(transaction)
        elif system is CodeSystem.HCPCS:
            if not self.procedure:
                self._procedure(transaction, system, f"{ft1.path}-7", found)
        elif transaction:
            self.cdm = transaction
            self._look_up(ft1, profile, found)
        if line.procedures and not self.procedure:
            self._from_pr1(line, found)
        if ft1.field(26):
            self._modifiers(ft1, found)
        self.revenue = (
            self.revenue
            or self.entry.revenue_code
            or (profile.departments.get(department, "") if department else "")
            or (revenue_code(department) if profile.department_is_revenue_code else "")
        )
        self.modifiers = tuple(dict.fromkeys(found))
        if len(self.modifiers) > _MODIFIERS_MAX:
            faults.append(reason("too-many-modifiers", f"{ft1.path}-26"))

    def _procedure(self, text: str, system: CodeSystem, path: str, found: list[str]) -> None:
        text = text.upper()
        if not text:
            return
        if system is CodeSystem.OTHER:
            self._faults.append(reason("procedure-malformed", path))
            return
        joined = _CODE_WITH_MODIFIERS.fullmatch(text)
        if joined is not None:
            text = joined[1]
            found.extend(joined[2].strip("-").split("-"))
            self._faults.append(reason("modifiers-packed", path))
        self.procedure = hcpcs(text)
        if not self.procedure:
            self._faults.append(reason("procedure-malformed", path))

    def _look_up(self, ft1: Segment, profile: Profile, found: list[str]) -> None:
        entry = profile.charge_master.get(self.cdm)
        if entry is not None:
            self.entry = entry
            if not self.procedure and entry.procedure_code:
                self.procedure = entry.procedure_code
            found.extend(entry.modifiers)
        elif not self.procedure and not ft1.text(25):
            self._faults.append(reason("needs-cdm-lookup", f"{ft1.path}-7"))

    def _from_pr1(self, line: Line, found: list[str]) -> None:
        """Take a procedure that stands in PR1 only; more than one would be a guess."""
        codes = [(pr1, hcpcs(pr1.text(3))) for pr1 in line.procedures]
        shaped = [(pr1, code) for pr1, code in codes if code]
        if len(shaped) == 1:
            pr1, self.procedure = shaped[0]
            self._faults[:] = [f for f in self._faults if f.rule_id != "needs-cdm-lookup"]
            self._faults.append(reason("procedure-from-pr1", f"{pr1.path}-3"))
            found.extend(text for raw in pr1.repetitions(16) if (text := pr1.value(raw)))

    def _modifiers(self, ft1: Segment, found: list[str]) -> None:
        for raw in ft1.repetitions(26):
            texts = [text.upper() for text in ft1.texts(raw)]
            first = texts[0]
            if _PACKED.fullmatch(first):
                found.extend(first[i : i + 2] for i in range(0, len(first), 2))
                self._faults.append(reason("modifiers-packed", f"{ft1.path}-26"))
            elif modifier_is_shaped(first):
                found.append(first)
            elif first:
                self._faults.append(reason("modifier-malformed", f"{ft1.path}-26"))
            # `25^57`: a second modifier where the text of the first belongs.
            if len(texts) == 2 and modifier_is_shaped(texts[1]):
                found.append(texts[1])
                self._faults.append(reason("modifiers-packed", f"{ft1.path}-26"))


def _units(ft1: Segment, faults: list[Reason]) -> int:
    text = ft1.text(10)
    if not text:
        faults.append(reason("units-defaulted-1", f"{ft1.path}-10"))
        return 1000
    units = thousandths(text)
    if not units:
        faults.append(reason("units-unreadable", f"{ft1.path}-10"))
        return 1000
    return units


def _billed_cents(ft1: Segment, units: int, entry: MasterEntry, faults: list[Reason]) -> int | None:
    """Read the extended amount; else price the units; None where nobody says what it costs."""
    extended, price = ft1.text(11), ft1.text(12)
    for number in (11, 12):
        if ft1.delimiters.subcomponent in ft1.field(number):
            money = ft1.components(ft1.field(number))[0].split(ft1.delimiters.subcomponent)
            if len(money) > 1 and ft1.value(money[1]).upper() not in ("", "USD"):
                faults.append(reason("currency-not-usd", f"{ft1.path}-{number}"))
    unit_cents = cents(price) if price else None
    billed = cents(extended) if extended else None
    if (price and unit_cents is None) or (extended and billed is None):
        faults.append(reason("amount-unreadable", f"{ft1.path}-{11 if extended else 12}"))
        return billed
    if extended:
        if billed is not None and unit_cents is not None:
            expected = abs(units * unit_cents)
            if expected != abs(billed) * 1000:
                faults.append(reason("amount-mismatch", f"{ft1.path}-11"))
        return billed
    if unit_cents is None:
        unit_cents = entry.price_cents
    if unit_cents is None:
        faults.append(reason("no-amount", f"{ft1.path}-11"))
        return None
    whole, rest = divmod(units * unit_cents, 1000)
    if rest:
        faults.append(reason("amount-unreadable", f"{ft1.path}-12"))
        return None
    return whole


def _diagnoses(line: Line, faults: list[Reason]) -> tuple[str, ...]:
    """Read the line's diagnoses in pointer order: FT1-19, else the DG1 of its group."""
    ft1 = line.ft1
    codes: list[str] = []
    for raw in ft1.repetitions(19):
        code, found = diagnosis_code(ft1.texts(raw), f"{ft1.path}-19")
        faults.extend(found)
        codes.append(code)
    if not codes:
        for dg1 in line.diagnoses:
            code, found = diagnosis_code(dg1.texts(dg1.field(3)), f"{dg1.path}-3", dg1.text(2))
            faults.extend(found)
            codes.append(code)
    return tuple(dict.fromkeys(code for code in codes if code))


def _place_of_service(ft1: Segment, profile: Profile) -> str:
    if not ft1.field(16):
        return ""
    known = profile.places_of_service
    if known:
        location = known.get(ft1.text(16)) or known.get(ft1.text(16, 4))
        if location:
            return location
    return place_of_service(first_filled({"FT1": ft1}, profile.place_of_service)[0])


def _drug(ft1: Segment, units: int, faults: list[Reason]) -> DrugLine | None:
    text = ft1.text(29)
    if not text:
        return None
    code = ndc(text)
    if not code:
        faults.append(reason("ndc-malformed", f"{ft1.path}-29"))
        return None
    return DrugLine(ndc=code, quantity_milli=units, unit_code="UN")
