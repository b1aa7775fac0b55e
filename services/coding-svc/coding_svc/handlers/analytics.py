"""De-identify released encounters for an export: read, open, leave out, record that it was done."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from coding_svc.model.account import Account
from coding_svc.model.analytic import AnalyticEncounter
from coding_svc.rules.deidentify import Released, deidentify
from coding_svc.store import analytics as store
from coding_svc.store.desk import ReleaseRow
from rcm.platform.http.phi import Viewing

_KEY_PARTS: Final = ("1", "2", "3")


class Wanted(NamedTuple):
    """What an export is of.

    Attributes:
        export_id: Chosen by the caller: the same gives the same pseudonyms, another gives others.
        agreement_number: Data use agreement of a limited data set; empty for Safe Harbor.
    """

    export_id: str
    agreement_number: str

    @property
    def is_limited_data_set(self) -> bool:
        """Dates go out, moved: 45 CFR 164.514(e), PHI still."""
        return bool(self.agreement_number)


async def records_of(
    phi: Viewing, rows: Sequence[ReleaseRow], wanted: Wanted
) -> list[AnalyticEncounter | None]:
    """Make the records of released versions; None where the patient was forgotten.

    Each call is recorded as one view of the patients that it read: who exported, for what, whom.

    Raises:
        Forbidden: A limited data set, and none of the caller's roles sees PHI.
        Busy: The view cannot be recorded now.
    """
    if not rows:
        return []
    tenant_id, encounter_ids = phi.caller.tenant_id, sorted({row.encounter_id for row in rows})
    async with phi.runtime.read(tenant_id) as session:
        sealed = await store.sealed_accounts(session, tenant_id, encounter_ids)
        newest = await store.newest_versions(session, tenant_id, encounter_ids)
        overruled = await store.overruled_rules(session, tenant_id, encounter_ids)
    kind = "limited-data-set" if wanted.is_limited_data_set else "deidentified-export"
    subject = "/".join(filter(None, (wanted.export_id, wanted.agreement_number)))
    # Nobody sees what is opened here; of a limited data set, whoever asks sees dates.
    opened = await phi.open_all(
        sealed, Account, kind, subject, is_addressee=not wanted.is_limited_data_set
    )
    key = _key(phi, wanted.export_id)
    made: list[AnalyticEncounter | None] = []
    for row in rows:
        account = opened.get(row.encounter_id)
        if account is None:
            made.append(None)
            continue
        released = Released(
            encounter_id=row.encounter_id,
            patient_id=row.patient_id,
            coded_version=row.coded_version,
            is_latest=newest[row.encounter_id] == row.coded_version,
            is_rework=bool(row.rework_of),
            class_code=row.class_code,
            billed_cents=row.billed_cents,
            content=row.said(),
            overruled=overruled.get(row.encounter_id, ()),
        )
        made.append(deidentify(released, account, key, shifted_dates=wanted.is_limited_data_set))
    return made


def _key(phi: Viewing, export_id: str) -> bytes:
    """Derive the export's key by the tenant's secret: nobody keeps it, nobody can guess it."""
    tenant_id = phi.caller.tenant_id
    parts = (phi.runtime.opaque_id(tenant_id, "exp", export_id, part) for part in _KEY_PARTS)
    return "".join(parts).encode()
