"""Charges as the lines of a claim: SV1 of an 837P, SV2 of an 837I."""

import re
from collections.abc import Sequence
from typing import Final, Literal

from coding_svc.model.account import Account, Charge, Practitioner
from coding_svc.model.origins import element, path_of
from coding_svc.model.reasons import reason
from coding_svc.rules.codes import PACKAGED_REVENUE_CODES
from coding_svc.rules.completeness import INPATIENT
from coding_svc.rules.profile import Profile
from rcm.events import clinical
from rcm.events.clinical import Reason

POINTERS_MAX: Final = 4
DIAGNOSES_MAX: Final = 12
"""An 837P carries twelve diagnoses; a line can only point to one of them."""

_CONTROL_NUMBER: Final = re.compile(r"[A-Za-z0-9#.\-]{1,30}", re.ASCII)
_ROOM_AND_BOARD: Final = (
    "010",
    "011",
    "012",
    "013",
    "014",
    "015",
    "016",
    "017",
    "018",
    "020",
    "021",
)


class LineReader:
    """Turns the charges of one account into claim lines, and collects what they lack."""

    def __init__(
        self,
        account: Account,
        profile: Profile,
        diagnoses: Sequence[clinical.Diagnosis],
        found: list[Reason],
    ) -> None:
        self._account = account
        self._profile = profile
        self._found = found
        claimable = [d.code for d in diagnoses if d.role in ("principal", "other", "external")]
        self._places = {code: n for n, code in enumerate(claimable[:DIAGNOSES_MAX], start=1)}
        self._numbers: set[str] = set()

    def line(self, charge: Charge, nth: int) -> clinical.ChargeLine:
        """Make a line of a charge; `nth` numbers it where the sender's number cannot."""
        form = self._form(charge)
        path = path_of(charge.origin)
        by_revenue_code = form == "I" and self._goes_by_revenue_code(charge)
        for fault in charge.faults:
            if not (fault.rule_id == "needs-cdm-lookup" and by_revenue_code):
                self._found.append(fault)
        rendering = self._rendering(charge, form, path)
        if not charge.procedure_code and not by_revenue_code:
            self._say("no-procedure-code", element(path, 25, "code"))
        if form == "I" and not charge.revenue_code:
            self._say("no-revenue-code", element(path, 13, "code"))
        return clinical.ChargeLine(
            line_item_control_number=self._number(charge, nth),
            form=form,
            service_from=charge.service_from,
            service_through=charge.service_through,
            billed_cents=charge.billed_cents or 0,
            units_milli=charge.units_milli,
            unit_code=self._unit_code(charge, form),
            procedure_code=charge.procedure_code,
            modifiers=list(charge.modifiers[:4]),
            revenue_code=charge.revenue_code if form == "I" else "",
            place_of_service_code=self._place_of_service(charge, path) if form == "P" else "",
            diagnosis_pointers=self._pointers(charge, path) if form == "P" else [],
            rendering=rendering,
            ordering=self.provider(charge.ordering, required=False),
            drug=charge.drug,
        )

    def provider(
        self, practitioner: Practitioner | None, *, required: bool
    ) -> clinical.Provider | None:
        """Name a provider for the claim; one that cannot be named is a hold only where needed."""
        if practitioner is None or not practitioner.is_somebody:
            return None
        fault = practitioner.fault
        last, first = practitioner.last_name, practitioner.first_name
        if not fault and not last:
            last, first = self._name_of(practitioner.npi)
            fault = "" if last else "provider-name-missing"
        if fault:
            if required:
                self._say(fault, practitioner.path)
            return None
        return clinical.Provider(
            npi=practitioner.npi,
            last_name=last,
            first_name=first,
            taxonomy_code=practitioner.taxonomy_code,
        )

    def _say(self, rule_id: str, path: str) -> None:
        self._found.append(reason(rule_id, path))

    def _goes_by_revenue_code(self, charge: Charge) -> bool:
        """Tell whether a facility line needs no procedure: an inpatient's, or a packaged one."""
        if self._account.stay.class_code in INPATIENT:
            return bool(charge.revenue_code)
        return charge.revenue_code in PACKAGED_REVENUE_CODES

    def _form(self, charge: Charge) -> Literal["P", "I"]:
        if charge.form:
            return "I" if charge.form == "I" else "P"
        return "I" if charge.revenue_code else "P"

    def _rendering(self, charge: Charge, form: str, path: str) -> clinical.Provider | None:
        if charge.rendering is not None:
            return self.provider(charge.rendering, required=form == "P")
        if form == "I":
            return None
        attending = self._account.stay.attending
        if attending is None or not attending.is_somebody:
            self._say("no-rendering", element(path, 20, "performer"))
            return None
        self._say("rendering-defaulted", element(path, 20, "performer"))
        return self.provider(attending, required=True)

    def _name_of(self, npi: str) -> tuple[str, str]:
        """Find the name of a provider who is named elsewhere in the account."""
        stay = self._account.stay
        known = [stay.attending, stay.referring]
        for charge in self._account.charges:
            known += (charge.rendering, charge.ordering)
        for other in known:
            if other is not None and other.npi == npi and other.last_name:
                return other.last_name, other.first_name
        return "", ""

    def _place_of_service(self, charge: Charge, path: str) -> str:
        stay = self._account.stay
        code = (
            charge.place_of_service_code
            or stay.place_of_service_code
            or self._profile.class_places_of_service.get(stay.class_code or "", "")
        )
        if not code:
            self._say("place-of-service-missing", element(path, 16, "performingOrganization"))
        return code

    def _pointers(self, charge: Charge, path: str) -> list[int]:
        places = [self._places[code] for code in charge.diagnosis_codes if code in self._places]
        if not places and self._places:
            self._say("pointer-defaulted", element(path, 19, "reason"))
            places = [1]
        return places[:POINTERS_MAX]

    def _unit_code(self, charge: Charge, form: str) -> Literal["UN", "MJ", "DA"]:
        if form == "I" and charge.revenue_code[:3] in _ROOM_AND_BOARD:
            return "DA"
        return "MJ" if charge.unit_code == "MJ" else "UN"

    def _number(self, charge: Charge, nth: int) -> str:
        """The sender's number where X12 can carry it and it is the only one; else the place."""
        number = charge.charge_id
        if not _CONTROL_NUMBER.fullmatch(number) or number in self._numbers:
            number = f"L{nth}"
            while number in self._numbers:
                number += "X"
        self._numbers.add(number)
        return number
