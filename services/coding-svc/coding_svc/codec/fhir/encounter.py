"""A FHIR R4 bundle as what it says about one encounter.

    Patient, RelatedPerson      patient, subscriber       Condition    diagnoses
    Encounter, Account          key, stay                 Procedure    procedures, never charges
    Coverage, Organization      coverages                 ChargeItem   charges
    Practitioner(Role)          attending, referring, rendering

Exactly one Encounter: what is sent together is billed together. Claims and EOBs are passed over:
nothing is ever billed from them again.
"""

from typing import Final

from msgspec import structs

from coding_svc.codec.fhir.charges import charges
from coding_svc.codec.fhir.communication import replies_of
from coding_svc.codec.fhir.document import Node, Resources
from coding_svc.codec.fhir.notes import notes, withdrawn
from coding_svc.codec.fhir.values import (
    coding_of,
    day_and_time,
    first_code,
    identifier,
    person,
    practitioner,
)
from coding_svc.model.account import Coverage, Diagnosis, Practitioner, Procedure, Stay
from coding_svc.model.documented import Documented, Effect, Key, SetAside
from coding_svc.model.person import Patient
from coding_svc.model.reasons import reason
from coding_svc.rules.codes import CodeSystem, hcpcs, icd10_cm, icd10_pcs
from coding_svc.rules.profile import Profile, Profiles
from rcm.events.clinical import Reason

KIND: Final = "FHIR"

# v3-ActCode to HL7 table 0004.
_CLASSES: Final = {
    "AMB": "O", "HH": "O", "VR": "O", "SS": "O", "OBSENC": "O", "FLD": "O",
    "EMER": "E", "IMP": "I", "ACUTE": "I", "NONAC": "I", "PRENC": "P",
}  # fmt: skip
_VOID: Final = ("entered-in-error", "cancelled")
_DISCHARGED: Final = ("finished",)
_ADMITTING: Final = "AD"
_NUMBER_PUNCTUATION: Final = str.maketrans("", "", " -")


def understand(bundle: Node, profiles: Profiles, message_id: str) -> Documented | SetAside:
    """Read a bundle by the profile of the tenant's EHR; never raises."""
    profile, sender = _profile_of(profiles)
    number = bundle["identifier"]["value"].text[:100]

    def aside(why: Reason) -> SetAside:
        return SetAside(
            kind=KIND, sender=sender, control_number=number, outcome="rejected", reasons=(why,)
        )

    if profile is None:
        return aside(reason("sender-not-expected", "Bundle"))
    replies = tuple(replies_of(bundle))
    if bundle["resourceType"].text != "Bundle":
        why = reason("not-a-bundle", "Bundle.resourceType")
        return structs.replace(aside(why), replies=replies)
    resources = Resources(bundle)
    encounters = resources.all("Encounter")
    if not encounters:
        return structs.replace(aside(reason("no-encounter-key", "Bundle.entry")), replies=replies)
    if len(encounters) > 1:
        return aside(reason("several-encounters", encounters[1].path))
    reader = _Reader(bundle, resources, encounters[0], profile, sender, message_id)
    return structs.replace(reader.documented(number), replies=replies)


def _profile_of(profiles: Profiles) -> tuple[Profile | None, str]:
    """Bundles name no sender: they are read by the tenant's first profile, and said so."""
    if not profiles.profiles:
        return None, KIND
    profile = profiles.profiles[0]
    pair = profile.senders[0] if profile.senders else "*|*"
    application, _, facility = pair.partition("|")
    return profile, "|".join(
        (
            KIND if application == "*" else application,
            profile.default_facility_id if facility == "*" else facility,
        )
    )


class _Reader:
    """Reads one bundle."""

    def __init__(
        self,
        bundle: Node,
        resources: Resources,
        encounter: Node,
        profile: Profile,
        sender: str,
        message_id: str,
    ) -> None:
        self.resources = resources
        self.encounter = encounter
        self.profile = profile
        self.sender = sender
        self.message_id = message_id
        self.reasons: list[Reason] = []
        zone = profile.zone
        times = (
            bundle["timestamp"],
            encounter["meta"]["lastUpdated"],
            encounter["period"]["end"],
            encounter["period"]["start"],
        )
        read = next((found for t in times if (found := day_and_time(t, zone))), ("", ""))
        self.sent = "".join(read).replace("-", "").ljust(14, "0") if read[0] else ""

    def documented(self, number: str) -> Documented:
        """Put the parts together."""
        patient = self._patient()
        record = (patient.medical_record_number or "") if patient is not None else ""
        items, noticed = charges(self.resources, self.profile, self.message_id)
        coverages = self._coverages()
        return Documented(
            kind=KIND,
            effect=Effect.SNAPSHOT,
            sender=self.sender,
            control_number=number,
            sent=self.sent,
            key=self._key(record),
            medical_record_number=record,
            patient=patient,
            coverages=coverages or None,
            stay=self._stay(),
            diagnoses=self._diagnoses() or None,
            procedures=self._procedures() or None,
            charges=items,
            withdrawn=withdrawn(self.resources),
            notes=notes(self.resources, self.profile.zone),
            reasons=(*self.reasons, *noticed),
        )

    def _origin(self, resource: Node) -> str:
        return f"{self.message_id}#{resource.path}"

    def _key(self, record: str) -> Key | None:
        """The account's number, else the visit's; where neither is said, derived and flagged."""
        facility = self.sender.partition("|")[2]
        authority = self.profile.authority or facility
        accounts = [
            self.resources.follow(a, self.encounter) for a in self.encounter.items("account")
        ]
        for account in (*accounts, *self.resources.all("Account")):
            number = identifier(account, ("AN",))
            number = number or next((i["value"].text for i in account.items("identifier")), "")
            if number:
                return Key(authority, number)
        number = identifier(self.encounter, ("AN", "VN"))
        if not number:
            number = next((i["value"].text for i in self.encounter.items("identifier")), "")
        if number:
            return Key(authority, number)
        started = day_and_time(self.encounter["period"]["start"], self.profile.zone)
        if record and started is not None:
            why = reason("encounter-key-derived", "Encounter[0].identifier")
            return Key(authority, f"{record}/{started[0]}", (why,))
        return None

    def _patient(self) -> Patient | None:
        subject = self.resources.follow(self.encounter["subject"], self.encounter)
        if not subject:
            patients = self.resources.all("Patient")
            if len(patients) != 1:
                return None
            subject = patients[0]
        record = identifier(subject, self.profile.record_number_types)
        return Patient(
            person=person(subject),
            medical_record_number=record or None,
            account_number=identifier(self.encounter, ("AN",)) or None,
            visit_number=identifier(self.encounter, ("VN",)) or None,
            origin=self._origin(subject),
            as_of=self.sent,
        )

    def _stay(self) -> Stay:
        encounter, profile = self.encounter, self.profile
        faults: list[Reason] = []
        sent_class = encounter["class"]["code"].text or first_code(encounter["class"])
        class_code = _CLASSES.get(sent_class.upper(), "")
        if sent_class and not class_code:
            faults.append(reason("class-unknown", f"{encounter.path}.class"))
        status = encounter["status"].text
        started = day_and_time(encounter["period"]["start"], profile.zone)
        ended = day_and_time(encounter["period"]["end"], profile.zone)
        if status not in _DISCHARGED and class_code == "I":
            ended = None
        hospital = encounter["hospitalization"]
        source = first_code(hospital["admitSource"])
        disposition = first_code(hospital["dischargeDisposition"])
        priority = first_code(encounter["priority"])
        attending, referring = self._participants()
        return Stay(
            class_code=class_code or None,
            facility_id=profile.default_facility_id or None,
            admission_type_code=profile.admission_types.get(priority.upper()),
            point_of_origin_code=profile.points_of_origin.get(source.upper()),
            patient_status_code=profile.patient_statuses.get(disposition.upper()),
            started_on=started[0] if started else None,
            started_time=started[1] if started else None,
            ended_on=ended[0] if ended else None,
            ended_time=ended[1] if ended else None,
            attending=attending,
            referring=referring,
            is_cancelled=True if status in _VOID else None,
            faults=tuple(faults),
            origin=self._origin(encounter),
            as_of=self.sent,
        )

    def _participants(self) -> tuple[Practitioner | None, Practitioner | None]:
        """ATND attends, REF referred; one without a role attends."""
        by_role: dict[str, Practitioner] = {}
        for participant in self.encounter.items("participant"):
            who = self.resources.follow(participant["individual"], self.encounter)
            read = practitioner(who, self.resources, self.profile) if who else None
            if read is not None:
                roles = [first_code(role) for role in participant.items("type")] or ["ATND"]
                for role in roles:
                    by_role.setdefault(role.upper(), read)
        attending = by_role.get("ATND") or by_role.get("PPRF") or by_role.get("SPRF")
        return attending, by_role.get("REF")

    def _coverages(self) -> tuple[Coverage, ...]:
        found = []
        for nth, resource in enumerate(self.resources.all("Coverage"), start=1):
            if resource["status"].text not in _VOID:
                found.append(self._coverage(resource, nth))
        return tuple(found)

    def _coverage(self, resource: Node, nth: int) -> Coverage:
        profile, path = self.profile, resource.path
        faults: list[Reason] = []
        payor = next(resource.items("payor"), resource["payor"])
        organization = self.resources.follow(payor, resource)
        numbers = [i["value"].text for i in organization.items("identifier") if i["value"].text]
        number = next((n for n in numbers if n in profile.payers), numbers[0] if numbers else "")
        payer = profile.payers.get(number)
        taken = bool(number) and profile.uncrossed_payers == "take"
        if payer is None:
            rule = "payer-id-uncrossed" if taken else "no-payer-id"
            faults.append(reason(rule, f"{path}.payor"))
        member = resource["subscriberId"].text or identifier(resource, ("MB",))
        if not member:
            faults.append(reason("no-member-id", f"{path}.subscriberId"))
        relation = profile.relationships.get(first_code(resource["relationship"]).upper(), "")
        subscriber = self.resources.follow(resource["subscriber"], resource)
        beneficiary = self.resources.follow(resource["beneficiary"], resource)
        if not relation and subscriber and subscriber.path == beneficiary.path:
            relation = "18"
        if not relation:
            faults.append(reason("relationship-unknown", f"{path}.relationship"))
        order = resource["order"].text
        if order not in ("1", "2", "3"):
            faults.append(reason("coverage-order-guessed", f"{path}.order"))
        classes = {first_code(c["type"]): c for c in resource.items("class")}
        return Coverage(
            payer_id=payer.payer_id if payer is not None else number if taken else "",
            payer_name=(payer.name if payer is not None else "")
            or organization["name"].text
            or payor["display"].text,
            sent_payer_number=number,
            plan_code=classes["plan"]["value"].text if "plan" in classes else "",
            filing_indicator_code=payer.filing_indicator_code if payer is not None else "CI",
            order=int(order) if order in ("1", "2", "3") else min(nth, 3),
            relationship_code=relation,
            member_number=member.translate(_NUMBER_PUNCTUATION),
            member_number_path=f"{path}.subscriberId",
            group_number=classes["group"]["value"].text if "group" in classes else "",
            group_name=classes["group"]["name"].text if "group" in classes else "",
            subscriber=person(subscriber or beneficiary),
            faults=tuple(faults),
            origin=self._origin(resource),
        )

    def _diagnoses(self) -> tuple[Diagnosis, ...]:
        ranks: dict[str, tuple[int, str]] = {}
        for link in self.encounter.items("diagnosis"):
            condition = self.resources.follow(link["condition"], self.encounter)
            if condition:
                ranks[condition.path] = _rank(link["rank"].text), first_code(link["use"])
        found = []
        for resource in self.resources.all("Condition"):
            rank, use = ranks.get(resource.path, (0, ""))
            if self._is_of_encounter(resource, linked=resource.path in ranks):
                found.append(self._diagnosis(resource, rank, use))
        return tuple(found)

    def _is_of_encounter(self, resource: Node, *, linked: bool) -> bool:
        """A problem list says what a patient has, not what the encounter was for."""
        if first_code(resource["verificationStatus"]) in ("entered-in-error", "refuted"):
            return False
        categories = {first_code(category) for category in resource.items("category")}
        return linked or not categories or "encounter-diagnosis" in categories

    def _diagnosis(self, resource: Node, rank: int, use: str) -> Diagnosis:
        path = f"{resource.path}.code"
        sent = coding_of(resource["code"], CodeSystem.ICD10_CM)
        code = icd10_cm(sent)
        faults: tuple[Reason, ...] = ()
        if not code:
            faults = (reason("dx-malformed" if sent else "dx-not-billable-system", path),)
        return Diagnosis(
            code=code,
            kind="A" if use == _ADMITTING else "F",
            rank=rank,
            faults=faults,
            origin=self._origin(resource),
        )

    def _procedures(self) -> tuple[Procedure, ...]:
        found = []
        for resource in self.resources.all("Procedure"):
            if resource["status"].text != "completed":
                continue
            performed = day_and_time(resource["performedDateTime"], self.profile.zone)
            performed = performed or day_and_time(
                resource["performedPeriod"]["start"], self.profile.zone
            )
            level = hcpcs(coding_of(resource["code"], CodeSystem.HCPCS))
            pcs = icd10_pcs(coding_of(resource["code"], CodeSystem.ICD10_PCS))
            if not (level or pcs):
                self.reasons.append(reason("resource-unusable", f"{resource.path}.code"))
                continue
            dated = performed is not None or bool(level)
            missing = reason("procedure-date-missing", f"{resource.path}.performedDateTime")
            surgeon = next(
                (
                    practitioner(who, self.resources, self.profile)
                    for performer in resource.items("performer")
                    if (who := self.resources.follow(performer["actor"], resource))
                ),
                None,
            )
            found.append(
                Procedure(
                    code=pcs or level,
                    is_hcpcs=not pcs,
                    performed_on=performed[0] if performed else "",
                    surgeon=surgeon,
                    faults=() if dated else (missing,),
                    origin=self._origin(resource),
                )
            )
        return tuple(found)


def _rank(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else 0
