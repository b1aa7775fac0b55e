"""One encounter from many messages: fold what a message says into what is known.

patient, stay   laid over field by field: what a newer message says wins, what it leaves out
                stays, what it deletes is gone; an older message only fills gaps
coverages       a newer list replaces the list
diagnoses       a snapshot replaces those of the kinds that it holds, a DFT adds, P12 edits
charges         always added; never replaced by being older; credits are netted when billed
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, TypeVar

from msgspec import Struct, structs

from coding_svc.model.account import (
    Account,
    Charge,
    Coverage,
    Diagnosis,
    Document,
    Procedure,
    Stay,
)
from coding_svc.model.documented import Documented, Effect
from coding_svc.model.origins import path_of
from coding_svc.model.person import Guarantor, Patient
from coding_svc.model.reasons import reason
from coding_svc.rules.credits import net
from rcm.events.clinical import Reason

MESSAGE_NUMBERS_MAX: Final = 200
"""How many control numbers an account remembers."""

T = TypeVar("T")
P = TypeVar("P", bound=Struct)


def merge(account: Account | None, message: Documented) -> tuple[Account, list[Reason]]:
    """Fold a message into an account; say what was noticed on the way."""
    account = account or Account()
    reasons: list[Reason] = []
    if message.control_number and message.control_number in account.message_numbers:
        reasons.append(reason("control-number-reused", "MSH[1]-10"))
    coverages, coverages_as_of = _coverages(account, message, reasons)
    diagnoses, diagnoses_as_of = _diagnoses(account, message, reasons)
    numbers = account.message_numbers
    if message.control_number:
        numbers = (*numbers, message.control_number)[-MESSAGE_NUMBERS_MAX:]
    return (
        structs.replace(
            account,
            patient=_patient(account.patient, message, reasons),
            guarantor=_guarantor(account.guarantor, message.guarantor),
            coverages=coverages,
            coverages_as_of=coverages_as_of,
            stay=_stay(account.stay, message, reasons),
            diagnoses=diagnoses,
            diagnoses_as_of=diagnoses_as_of,
            procedures=_procedures(account, message),
            charges=_charges(account.charges, message.charges, reasons),
            injury=message.injury or account.injury,
            facility_codes=message.facility_codes or account.facility_codes,
            documents=_documents(account, message),
            message_numbers=numbers,
            sender=message.sender,
        ),
        reasons,
    )


def absorb(account: Account, prior: Account) -> Account:
    """Take over an unbilled account that was merged into this one (A40).

    This account's own patient, stay and coverages stand; the other's only fill gaps. Its charges,
    diagnoses, procedures and documents move here.
    """
    reasons: list[Reason] = []
    patient = account.patient
    if patient is not None:
        # The conflict of record numbers is what the merge settles.
        patient = structs.replace(patient, faults=())
    return structs.replace(
        account,
        patient=patient,
        guarantor=account.guarantor or prior.guarantor,
        coverages=account.coverages or prior.coverages,
        stay=_overlaid(account.stay, prior.stay),
        diagnoses=_joined(account.diagnoses, prior.diagnoses, _diagnosis_identity),
        procedures=_joined(account.procedures, prior.procedures, _procedure_identity),
        charges=_charges(account.charges, prior.charges, reasons),
        injury=account.injury or prior.injury,
        documents=(*account.documents, *prior.documents),
    )


def faults_of(message: Documented) -> list[Reason]:
    """Everything that was noticed while a message was read: its own, and that of its parts."""
    found = list(message.reasons)
    if message.key is not None:
        found += message.key.reasons
    if message.stay is not None:
        found += message.stay.faults
        for provider in (message.stay.attending, message.stay.referring):
            if provider is not None and provider.fault:
                found.append(reason(provider.fault, provider.path))
    for coverage in message.coverages or ():
        found += coverage.faults
    for diagnosis in message.diagnoses or ():
        found += diagnosis.faults
    for procedure in message.procedures or ():
        found += procedure.faults
    for charge in message.charges:
        found += charge.faults
        for provider in (charge.rendering, charge.ordering):
            if provider is not None and provider.fault:
                found.append(reason(provider.fault, provider.path))
    return found


def _patient(known: Patient | None, message: Documented, reasons: list[Reason]) -> Patient | None:
    said = message.patient
    if said is None or known is None:
        return said or known
    old, new = known.medical_record_number, said.medical_record_number
    if old and new and old != new and message.effect is not Effect.MERGE:
        fault = reason("record-number-differs", "PID[1]-3")
        reasons.append(fault)
        return structs.replace(known, faults=(fault,))
    newer, older = (said, known) if said.as_of >= known.as_of else (known, said)
    laid = _overlaid(newer, older)
    return structs.replace(
        laid,
        person=_overlaid(newer.person, older.person),
        other_numbers=newer.other_numbers or older.other_numbers,
        faults=known.faults if message.effect is not Effect.MERGE else (),
    )


def _guarantor(known: Guarantor | None, said: Guarantor | None) -> Guarantor | None:
    if said is None or known is None:
        return said or known
    return structs.replace(said, person=_overlaid(said.person, known.person))


def _stay(known: Stay, message: Documented, reasons: list[Reason]) -> Stay:
    said = message.stay
    stay = known
    if said is not None:
        is_newer = said.as_of >= known.as_of
        if not is_newer and message.effect is Effect.SNAPSHOT:
            reasons.append(reason("older-snapshot", path_of(said.origin) or "PV1[1]"))
        newer, older = (said, known) if is_newer else (known, said)
        stay = structs.replace(_overlaid(newer, older), faults=newer.faults)
    if message.effect is Effect.CANCEL_ADMIT:
        return structs.replace(stay, is_cancelled=True)
    if message.effect is Effect.CANCEL_DISCHARGE:
        return structs.replace(stay, ended_on="", ended_time="", patient_status_code="")
    if message.effect is Effect.CLOSE:
        return structs.replace(stay, is_closed=True)
    return stay


def _coverages(
    account: Account, message: Documented, reasons: list[Reason]
) -> tuple[tuple[Coverage, ...], str]:
    if message.coverages is None and not message.removes_insurance:
        return account.coverages, account.coverages_as_of
    if message.sent < account.coverages_as_of:
        reasons.append(reason("older-snapshot", "IN1[1]"))
        return account.coverages, account.coverages_as_of
    if message.coverages is None and account.coverages:
        reasons.append(reason("insurance-removed", "IN1[1]"))
    return message.coverages or (), message.sent


def _diagnoses(
    account: Account, message: Documented, reasons: list[Reason]
) -> tuple[tuple[Diagnosis, ...], str]:
    known, said = account.diagnoses, message.diagnoses
    if said is None:
        return known, account.diagnoses_as_of
    if message.effect is Effect.ADD:
        return _joined(said, known, _diagnosis_identity, new_last=True), account.diagnoses_as_of
    if message.sent < account.diagnoses_as_of:
        reasons.append(reason("older-snapshot", "DG1[1]"))
        return known, account.diagnoses_as_of
    if message.diagnosis_actions:
        edited = _edited(known, said, message.diagnosis_actions, _diagnosis_identity)
        return edited, message.sent
    if message.effect is Effect.SNAPSHOT:
        # An admission diagnosis sent again does not undo the final coding.
        kinds = {diagnosis.kind for diagnosis in said}
        return (*(d for d in known if d.kind not in kinds), *said), message.sent
    return said, message.sent


def _procedures(account: Account, message: Documented) -> tuple[Procedure, ...]:
    known, said = account.procedures, message.procedures
    if said is None:
        return known
    if message.effect is Effect.ADD:
        return _joined(said, known, _procedure_identity, new_last=True)
    if message.procedure_actions:
        return _edited(known, said, message.procedure_actions, _procedure_identity)
    return said


def _charges(
    known: Sequence[Charge], said: Sequence[Charge], reasons: list[Reason]
) -> tuple[Charge, ...]:
    """Add charges: the same one again is taken once, one with the same number replaces."""
    charges = list(known)
    places = {other.charge_id: n for n, other in enumerate(charges) if not other.is_credit}
    origins = {other.origin: n for n, other in enumerate(charges)}
    unnumbered = [other for other in known if not other.is_numbered and not other.is_credit]
    for charge in said:
        if charge.origin in origins:
            # The same message once more, read by a newer profile.
            charges[origins[charge.origin]] = charge
            continue
        if charge.is_credit:
            charges.append(charge)
            continue
        place, path = places.get(charge.charge_id), path_of(charge.origin)
        if place is not None and _is_live(charge.charge_id, charges):
            same = _content(charges[place]) == _content(charge)
            reasons.append(reason("charge-repeated" if same else "charge-replaced", path))
            charges[place] = charge
            continue
        places[charge.charge_id] = len(charges)
        if not charge.is_numbered and any(
            other.service == charge.service and _is_live(other.charge_id, charges)
            for other in unnumbered
        ):
            fault = reason("possible-duplicate-charge", path)
            reasons.append(fault)
            charge = structs.replace(charge, faults=(*charge.faults, fault))  # noqa: PLW2901 - the same charge, with what was noticed
        charges.append(charge)
    return tuple(charges)


def _is_live(charge_id: str, charges: Sequence[Charge]) -> bool:
    """Tell whether something is left of a charge after the credits so far."""
    return any(line.charge_id == charge_id for line in net(charges).lines)


def _documents(account: Account, message: Documented) -> tuple[Document, ...]:
    gone = {*message.withdrawn, *(d.document_number for d in message.documents)}
    kept = (d for d in account.documents if d.document_number not in gone)
    return (*kept, *message.documents)


def _content(charge: Charge) -> Charge:
    """A charge without where it came from, to compare."""
    return structs.replace(charge, origin="", faults=(), rendering=None, ordering=None)


def _diagnosis_identity(diagnosis: Diagnosis) -> tuple[str, str]:
    return diagnosis.code or diagnosis.origin, diagnosis.kind


def _procedure_identity(procedure: Procedure) -> tuple[str, str]:
    return procedure.code or procedure.origin, procedure.performed_on


def _joined(
    first: Sequence[T],
    second: Sequence[T],
    identity: Callable[[T], object],
    *,
    new_last: bool = False,
) -> tuple[T, ...]:
    """Join two lists; where both have an item, the first list's stands.

    Args:
        first: Whose items win.
        second: Whose items are kept where the first has none.
        identity: What makes two items the same.
        new_last: Keep the second list's order and append what is new in the first.
    """
    if not new_last:
        have = {identity(item) for item in first}
        return (*first, *(item for item in second if identity(item) not in have))
    mine = {identity(item): item for item in first}
    kept = tuple(mine.pop(identity(item), item) for item in second)
    return (*kept, *mine.values())


def _edited(
    known: Sequence[T], said: Sequence[T], actions: Sequence[str], identity: Callable[[T], object]
) -> tuple[T, ...]:
    """Apply action codes: D deletes, A and U add or update."""
    items = {identity(item): item for item in known}
    for item, action in zip(said, actions, strict=True):
        if action == "D":
            items.pop(identity(item), None)
        else:
            items[identity(item)] = item
    return tuple(items.values())


@lru_cache(maxsize=16)
def _optional_fields(shape: type[Struct]) -> tuple[str, ...]:
    """Name the fields in which None means that nothing was said."""
    return tuple(field.name for field in structs.fields(shape) if field.default is None)


def _overlaid(newer: P, older: P) -> P:
    """Lay a part over another: what the newer one leaves unsaid is taken from the older one."""
    gaps: dict[str, object] = {}
    for name in _optional_fields(type(newer)):
        if getattr(newer, name) is None:
            value = getattr(older, name)
            if value is not None:
                gaps[name] = value
    return structs.replace(newer, **gaps) if gaps else newer
