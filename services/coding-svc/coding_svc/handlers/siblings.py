"""The patient's other encounters, looked up together: one query for all messages of a moment.

The edits of a day (the same service twice, units, global periods) look beyond one encounter. Which
other ones there are is asked before the decision, which then reads them like its own.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

_TOGETHER_MAX: Final = 200
"""Patients of one query."""


class SiblingFinder:
    """Finds the encounters of patients; whoever asks while a query runs shares the next one."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], asyncio.Future[Sequence[str]]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def of(self, runtime: Any, tenant_id: str, patient_id: str) -> Sequence[str]:
        """Return the encounters of a patient.

        Raises:
            Busy: The store does not answer.
        """
        key = (tenant_id, patient_id)
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(runtime))
        return await asyncio.shield(future)

    async def _ask(self, runtime: Any) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, {}
                by_tenant: dict[str, list[str]] = {}
                for tenant_id, patient_id in waiting:
                    by_tenant.setdefault(tenant_id, []).append(patient_id)
                for tenant_id, patients in by_tenant.items():
                    await self._answer(runtime, tenant_id, patients, waiting)
        finally:
            self._asking = None

    async def _answer(
        self,
        runtime: Any,
        tenant_id: str,
        patients: Sequence[str],
        waiting: Mapping[tuple[str, str], asyncio.Future[Sequence[str]]],
    ) -> None:
        for start in range(0, len(patients), _TOGETHER_MAX):
            chunk = patients[start : start + _TOGETHER_MAX]
            try:
                rows = await runtime.look_up(
                    tenant_id, "encounter", "patient_id", chunk, "encounter_id"
                )
            except Exception as error:  # noqa: BLE001 - whoever asked is told, whatever it is
                for patient_id in chunk:
                    _tell(waiting[tenant_id, patient_id], error)
                continue
            found: dict[str, list[str]] = {}
            for patient_id, encounter_id in rows:
                found.setdefault(patient_id, []).append(encounter_id)
            for patient_id in chunk:
                future = waiting[tenant_id, patient_id]
                if not future.done():
                    future.set_result(sorted(found.get(patient_id, ())))


def _tell(future: "asyncio.Future[Sequence[str]]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # whoever asked may have gone
