"""What a decision about an encounter reads beside it."""

from coding_svc.handlers.way import Way
from coding_svc.store import encounters as store


async def streams_of(way: Way, encounter_id: str) -> list[str]:
    """Name what a decision about an encounter reads: it, and the patient's others, for the edits
    of a day, unless these are not looked at.
    """
    if way.siblings is None:
        return [encounter_id]
    async with way.runtime.read(way.tenant_id) as session:
        row = await store.encounter(session, way.tenant_id, encounter_id)
        if row is None:
            return [encounter_id]
        others = await store.encounters_of_patient(session, way.tenant_id, row.patient_id)
    return list(dict.fromkeys((encounter_id, *others)))
