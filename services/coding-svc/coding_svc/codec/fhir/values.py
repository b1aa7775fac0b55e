"""FHIR data types: CodeableConcept, Identifier, HumanName, Address, dateTime, Money."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Final

from coding_svc.codec.fhir.document import Node, Resources
from coding_svc.model.account import Practitioner
from coding_svc.model.person import Address, Name, Person
from coding_svc.rules.codes import CodeSystem, system_of
from coding_svc.rules.profile import Profile
from rcm.identifiers import npi_is_valid

NPI_SYSTEM: Final = "http://hl7.org/fhir/sid/us-npi"

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_TIME: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}(?::\d{2})?)(?:\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
_NOT_DIGITS: Final = re.compile(r"\D", re.ASCII)
_GENDERS: Final = {"male": "M", "female": "F"}


def day_and_time(node: Node, zone: tzinfo) -> tuple[str, str] | None:
    """Read a dateTime as the facility's calendar date and time of day (`HHMM`).

    A time with an offset is moved to the facility's zone; a date alone stays what it is; a month
    or a year alone is no date of service.
    """
    text = node.text
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text).isoformat(), ""
        match = _DATE_TIME.fullmatch(text)
        if match is None:
            return None
        offset = "+00:00" if match[3] == "Z" else match[3] or ""
        at = datetime.fromisoformat(f"{match[1]}T{match[2]}{offset}")
        if offset:
            at = at.astimezone(zone)
    except (ValueError, OverflowError):
        return None
    return at.date().isoformat(), f"{at.hour:02d}{at.minute:02d}"


def coding_of(concept: Node, system: CodeSystem) -> str:
    """Return the code of a CodeableConcept in a code system, or an empty text."""
    for coding in concept.items("coding"):
        if system_of(coding["system"].text) is system:
            code = coding["code"].text
            if code:
                return code
    return ""


def first_code(concept: Node) -> str:
    """Return the first code of a CodeableConcept, whatever its system, else its text."""
    for coding in concept.items("coding"):
        if coding["code"].text:
            return coding["code"].text
    return concept["text"].text


def identifier(resource: Node, kinds: Sequence[str]) -> str:
    """Return the identifier of the first of some types (HL7 v2 table 0203) that is there."""
    for kind in kinds:
        for candidate in resource.items("identifier"):
            for coding in candidate["type"].items("coding"):
                if coding["code"].text == kind and candidate["value"].text:
                    return candidate["value"].text
    return ""


def person(resource: Node) -> Person:
    """Read a Patient or RelatedPerson."""
    born = resource["birthDate"].text
    read = day_and_time(resource["birthDate"], UTC) if _DATE.fullmatch(born) else None
    phones = (t for t in resource.items("telecom") if t["system"].text == "phone")
    phone = next(phones, resource["telecom"])["value"].text
    gender = resource["gender"].text
    return Person(
        name=_name(resource),
        born_on=(read[0] if read is not None else "") if born else None,
        sex_code=_GENDERS.get(gender, "U") if gender else None,
        address=_address(resource),
        phone_number=_NOT_DIGITS.sub("", phone) or None,
    )


def practitioner(resource: Node, resources: Resources, profile: Profile) -> Practitioner | None:
    """Read a Practitioner, or the one that a PractitionerRole stands for."""
    if resource["resourceType"].text == "PractitionerRole":
        resource = resources.follow(resource["practitioner"], resource)
    if not resource:
        return None
    npi = local = ""
    failed = False
    for candidate in resource.items("identifier"):
        value = candidate["value"].text
        if npi_is_valid(value):
            npi = npi or value
        elif candidate["system"].text == NPI_SYSTEM:
            failed = True
        else:
            local = local or value
    entry = profile.providers.get(local) or profile.providers.get(npi)
    name = _name(resource) or Name()
    last, first = name.last, name.first
    if entry is not None:
        npi = npi or entry.npi
        last, first = (last, first) if last else (entry.last_name, entry.first_name)
    return Practitioner(
        npi=npi,
        local_number=local,
        last_name=last,
        first_name=first,
        taxonomy_code=entry.taxonomy_code if entry is not None else "",
        fault="" if npi else "npi-check-digit" if failed else "npi-missing",
        path=resource.path,
    )


def _name(resource: Node) -> Name | None:
    """Choose the official name, else the usual one, else the first."""
    names = list(resource.items("name"))
    if not names:
        return None
    ranked = sorted(names, key=lambda n: {"official": 0, "usual": 1}.get(n["use"].text, 2))
    chosen = ranked[0]
    given = [part.text for part in chosen.items("given")]
    return Name(
        last=chosen["family"].text,
        first=given[0] if given else "",
        middle=given[1] if len(given) > 1 else "",
        suffix=next((part.text for part in chosen.items("suffix")), ""),
    )


def _address(resource: Node) -> Address | None:
    addresses = list(resource.items("address"))
    if not addresses:
        return None
    chosen = next((a for a in addresses if a["use"].text == "home"), addresses[0])
    lines = [line.text for line in chosen.items("line")]
    return Address(
        line1=lines[0] if lines else "",
        line2=lines[1] if len(lines) > 1 else "",
        city=chosen["city"].text,
        state_code=chosen["state"].text.upper(),
        postal_code=chosen["postalCode"].text.replace("-", ""),
        country_code=chosen["country"].text,
    )
