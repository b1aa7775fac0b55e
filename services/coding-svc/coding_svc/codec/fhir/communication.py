"""A physician query as a FHIR R4 Communication, and the Communication that answers it.

out   identifier (ours), subject, encounter, recipient, topic, payload: everything that is asked
in    inResponseTo or basedOn names the query; the first payload is an option or own words
"""

from typing import Any, Final

from coding_svc.codec.fhir.document import Node
from coding_svc.codec.fhir.values import NPI_SYSTEM
from coding_svc.model.query import QUERY_ID, Outgoing, Reply
from rcm.identifiers import npi_is_valid

QUERY_SYSTEM: Final = "urn:claimstream:query"
"""System of the identifier by which an answer names a query."""

KIND: Final = "Communication"
_RECORD: Final = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]
}
_VISIT: Final = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "VN"}]
}
_NOTICE: Final = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/communication-category",
            "code": "instruction",
        }
    ]
}
_WORDS_MAX: Final = 20_000


def communication(query: Outgoing, status: str = "in-progress") -> dict[str, Any]:
    """Write a delivery of a query as a Communication.

    Args:
        query: What is sent.
        status: `in-progress` while an answer is waited for, `completed` after.
    """
    about, content = query.address, query.content
    patient: dict[str, Any] = {"type": "Patient"}
    if name := f"{about.last_name}, {about.first_name}".strip(", "):
        patient["display"] = name
    if about.medical_record_number:
        patient["identifier"] = {"type": _RECORD, "value": about.medical_record_number}
    number = about.visit_number or about.account_number
    encounter = {"type": "Encounter", "identifier": {"type": _VISIT, "value": number}}
    asked = {
        "type": "Practitioner",
        "identifier": {"system": NPI_SYSTEM, "value": query.physician_id},
    }
    indicators = [
        f"{i.label or i.slot}: {i.value} (source: {i.source})" for i in content.indicators
    ]
    options = [f"{option.key}) {option.text}" for option in content.options]
    payload = [*indicators, content.question, *options]
    made: dict[str, Any] = {
        "resourceType": KIND,
        "id": query.query_id.replace("_", "-"),
        "identifier": [
            {"system": QUERY_SYSTEM, "value": query.query_id},
            {"system": f"{QUERY_SYSTEM}:delivery", "value": query.control_number},
        ],
        "status": status,
        "category": [_NOTICE],
        "priority": "routine",
        "subject": patient,
        "topic": {"text": content.title},
        "sent": query.sent_at,
        "recipient": [asked],
        "sender": {"type": "Organization", "display": "Clinical documentation"},
        "payload": [{"contentString": text} for text in payload],
    }
    if number:
        made["encounter"] = encounter
    return made


def replies_of(document: Node) -> list[tuple[str, Reply]]:
    """Read the answers that a document brings: a Communication, or a Bundle of some."""
    resources = [document]
    if document["resourceType"].text == "Bundle":
        resources = [entry["resource"] for entry in document.items("entry")]
    found = []
    for resource in resources:
        if resource["resourceType"].text == KIND:
            query_id = _referred(resource)
            if query_id and resource["status"].text not in ("entered-in-error", "not-done"):
                found.append((query_id, _reply(resource)))
    return found


def _referred(resource: Node) -> str:
    """Find which query a Communication answers, by reference or by identifier."""
    for name in ("inResponseTo", "basedOn"):
        for reference in resource.items(name):
            last = reference["reference"].text.split("/_history/")[0].rpartition("/")[2]
            for text in (reference["identifier"]["value"].text, last):
                named = QUERY_ID.fullmatch(text.lower().replace("-", "_"))
                if named is not None:
                    return named[0]
    return ""


def _reply(resource: Node) -> Reply:
    texts = [p["contentString"].text for p in resource.items("payload")]
    texts = [text for text in texts if text]
    notes = [note["text"].text for note in resource.items("note")]
    own = "\n".join(text for text in (*texts[1:], *notes) if text)
    who = resource["sender"]["identifier"]["value"].text
    return Reply(
        option_text=texts[0][:_WORDS_MAX] if texts else "",
        text=own[:_WORDS_MAX],
        answered_by=who if npi_is_valid(who) else "",
        via="fhir",
    )
