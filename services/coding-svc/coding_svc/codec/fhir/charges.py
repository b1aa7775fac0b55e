"""ChargeItem: what was done and what it costs.

R4 has no element for modifiers: they come as extensions whose url ends in `modifier`, or as codings
of a modifier code system. `priceOverride` is the total of the line, not the price of one unit.
"""

from typing import Final

from coding_svc.codec.fhir.document import Node, Resources
from coding_svc.codec.fhir.values import coding_of, day_and_time, practitioner
from coding_svc.codec.hl7v2.values import cents, thousandths
from coding_svc.model.account import Charge, Practitioner
from coding_svc.model.reasons import reason
from coding_svc.rules.codes import (
    CodeSystem,
    hcpcs,
    icd10_cm,
    modifier_is_shaped,
    revenue_code,
)
from coding_svc.rules.profile import MasterEntry, Profile
from rcm.events.clinical import Reason

_NOT_BILLED: Final = ("planned", "not-billable", "aborted", "entered-in-error", "unknown")
_MODIFIERS_MAX: Final = 4


def charges(
    resources: Resources, profile: Profile, message_id: str
) -> tuple[tuple[Charge, ...], list[Reason]]:
    """Read the charges of a bundle, and what was passed over."""
    found: list[Charge] = []
    noticed: list[Reason] = []
    for resource in resources.all("ChargeItem"):
        if resource["status"].text in _NOT_BILLED:
            noticed.append(reason("not-a-charge", f"{resource.path}.status"))
        else:
            found.append(_Item(resource, resources, profile).charge(message_id))
    return tuple(found), noticed


class _Item:
    """Reads one ChargeItem."""

    def __init__(self, resource: Node, resources: Resources, profile: Profile) -> None:
        self.resource = resource
        self.resources = resources
        self.profile = profile
        self.faults: list[Reason] = []

    def charge(self, message_id: str) -> Charge:
        """Put the charge together."""
        resource, zone = self.resource, self.profile.zone
        sent = coding_of(resource["code"], CodeSystem.HCPCS)
        procedure = hcpcs(sent)
        if sent and not procedure:
            self._say("procedure-malformed", "code")
        cdm = coding_of(resource["code"], CodeSystem.NONE)
        entry = self._master_entry(cdm, procedure)
        units = self._units()
        billed = self._billed_cents(units, entry)
        occurred = day_and_time(resource["occurrenceDateTime"], zone) or day_and_time(
            resource["occurrencePeriod"]["start"], zone
        )
        through = day_and_time(resource["occurrencePeriod"]["end"], zone) or occurred
        if occurred is None:
            self._say("service-date-missing", "occurrenceDateTime")
        number = next((i["value"].text for i in resource.items("identifier")), "")
        number = number or resource["id"].text
        origin = f"{message_id}#{resource.path}"
        rendering, ordering = self._providers()
        modifiers = self._modifiers(entry)
        diagnoses = self._diagnoses()
        revenue = revenue_code(coding_of(resource["code"], CodeSystem.REVENUE))
        return Charge(
            charge_id=number or origin,
            is_numbered=bool(number),
            is_credit=units < 0 or (billed or 0) < 0,
            service_from=occurred[0] if occurred else "",
            service_through=through[0] if through else "",
            billed_cents=abs(billed) if billed is not None else None,
            units_milli=abs(units),
            cdm_code=cdm,
            procedure_code=procedure or entry.procedure_code,
            modifiers=modifiers,
            revenue_code=revenue or entry.revenue_code,
            diagnosis_codes=diagnoses,
            rendering=rendering,
            ordering=ordering,
            form=self.profile.form,
            faults=tuple(self.faults),
            origin=origin,
        )

    def _say(self, rule_id: str, element: str) -> None:
        self.faults.append(reason(rule_id, f"{self.resource.path}.{element}"))

    def _master_entry(self, cdm: str, procedure: str) -> MasterEntry:
        entry = self.profile.charge_master.get(cdm) if cdm else None
        if cdm and entry is None and not procedure:
            self._say("needs-cdm-lookup", "code")
        return entry or MasterEntry()

    def _units(self) -> int:
        text = self.resource["quantity"]["value"].text
        if not text:
            self._say("units-defaulted-1", "quantity")
            return 1000
        units = thousandths(text)
        if not units:
            self._say("units-unreadable", "quantity")
            return 1000
        return units

    def _billed_cents(self, units: int, entry: MasterEntry) -> int | None:
        price = self.resource["priceOverride"]
        if price["currency"].text not in ("", "USD"):
            self._say("currency-not-usd", "priceOverride")
        text = price["value"].text
        if text:
            billed = cents(text)
            if billed is None:
                self._say("amount-unreadable", "priceOverride")
            return billed
        if entry.price_cents is None:
            self._say("no-amount", "priceOverride")
            return None
        whole, rest = divmod(units * entry.price_cents, 1000)
        if rest:
            self._say("amount-unreadable", "quantity")
            return None
        return whole

    def _modifiers(self, entry: MasterEntry) -> tuple[str, ...]:
        sent = [
            extension["valueCode"].text
            or extension["valueCoding"]["code"].text
            or extension["valueString"].text
            for extension in self.resource.items("extension")
            if extension["url"].text.lower().endswith("modifier")
        ]
        sent += [
            coding["code"].text
            for coding in self.resource["code"].items("coding")
            if "modifier" in coding["system"].text.lower()
        ]
        found = [modifier.upper() for modifier in sent if modifier]
        if not all(map(modifier_is_shaped, found)):
            self._say("modifier-malformed", "extension")
        modifiers = tuple(dict.fromkeys([*filter(modifier_is_shaped, found), *entry.modifiers]))
        if len(modifiers) > _MODIFIERS_MAX:
            self._say("too-many-modifiers", "extension")
        return modifiers

    def _diagnoses(self) -> tuple[str, ...]:
        """Read `reason`, and the Conditions that support the charge."""
        codes = []
        concepts = list(self.resource.items("reason"))
        for reference in self.resource.items("supportingInformation"):
            supporting = self.resources.follow(reference, self.resource)
            if supporting["resourceType"].text == "Condition":
                concepts.append(supporting["code"])
        for concept in concepts:
            sent = coding_of(concept, CodeSystem.ICD10_CM)
            code = icd10_cm(sent)
            if code:
                codes.append(code)
            else:
                self._say("dx-malformed" if sent else "dx-not-billable-system", "reason")
        return tuple(dict.fromkeys(codes))

    def _providers(self) -> tuple[Practitioner | None, Practitioner | None]:
        """Who performed it; who entered the order."""
        rendering = None
        for performer in self.resource.items("performer"):
            who = self.resources.follow(performer["actor"], self.resource)
            read = practitioner(who, self.resources, self.profile) if who else None
            rendering = rendering or read
        enterer = self.resources.follow(self.resource["enterer"], self.resource)
        ordering = practitioner(enterer, self.resources, self.profile) if enterer else None
        return rendering, ordering
