"""The words of a note: the DocumentReference of a bundle, its plain text inside it."""

import base64
import binascii
from datetime import tzinfo
from typing import Final

from coding_svc.codec.fhir.document import Node, Resources
from coding_svc.codec.fhir.values import day_and_time, first_code
from coding_svc.model.documented import NoteText
from rcm.events.coding_codes import NOTE_CHARS_MAX

_PLAIN: Final = ("text/plain", "text/markdown")
_FINAL: Final = frozenset({"final", "amended"})


def notes(resources: Resources, zone: tzinfo) -> tuple[NoteText, ...]:
    """Read the notes of a bundle; one whose text stands elsewhere (`url`) is none of them."""
    found = []
    for resource in resources.all("DocumentReference"):
        text = _text(resource)
        number = _number(resource)
        if not text.strip() or not number or resource["status"].text == "entered-in-error":
            continue
        written = day_and_time(resource["date"], zone)
        found.append(
            NoteText(
                document_number=number,
                kind=first_code(resource["type"]),
                is_final=resource["docStatus"].text in _FINAL,
                written_on=written[0] if written is not None else "",
                text=text,
            )
        )
    return tuple(found)


def withdrawn(resources: Resources) -> tuple[str, ...]:
    """Name the documents that a bundle takes back."""
    numbers = (
        _number(resource)
        for resource in resources.all("DocumentReference")
        if resource["status"].text == "entered-in-error"
    )
    return tuple(number for number in numbers if number)


def _number(resource: Node) -> str:
    master = resource["masterIdentifier"]["value"].text
    first = next((i["value"].text for i in resource.items("identifier")), "")
    return master or first or resource["id"].text


def _text(resource: Node) -> str:
    parts = []
    for content in resource.items("content"):
        attachment = content["attachment"]
        if not attachment["contentType"].text.lower().startswith(_PLAIN):
            continue
        try:
            data = base64.b64decode(attachment["data"].text, validate=True)
        except (binascii.Error, ValueError):
            continue
        parts.append(data.decode("utf-8", "replace"))
    return "\n".join(parts)[:NOTE_CHARS_MAX]
