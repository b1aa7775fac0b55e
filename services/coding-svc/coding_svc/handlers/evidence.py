"""The evidence of one encounter's coding, as an archive: from the tables that the log made.

The same log gives the same bytes: nothing in it says when it was made or for whom. That it was
given, to whom, and with what hash is recorded beside it.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import to_builtins

from coding_svc.handlers.way import Way
from coding_svc.model.account import Account
from coding_svc.model.desk import pack_stream
from coding_svc.problems import EncounterNotFound, PatientForgotten
from coding_svc.store import audit as store_audit
from coding_svc.store import encounters as store
from coding_svc.store import queries as store_queries
from coding_svc.store.audit import Evidence, plain, released
from coding_svc.store.queries import QueryFilter
from rcm.domain import Command, Context, Fact, Loaded
from rcm.events.coding_desk import EvidencePackIssued
from rcm.events.phi import Phi
from rcm.platform.evidence import FORMAT, Manifest, write_json, write_pack
from rcm.platform.http.phi import Viewing

QUERIES_MAX: Final = 1_000
MASKED: Final = "(masked)"
"""Stands where somebody wrote words about a patient."""
_WORDS: Final = ("rationale", "answer", "ruling")
_ACCOUNT: Final = "account"

README: Final = b"""Evidence of the coding of one encounter.

encounter.json  the encounter as it stands
messages.json   the messages that it was put together from, each with its sha256
releases.json   every release to billing: codes, code set and rule versions, what was let pass
overrides.json  edits and doubts that a person set aside
queries.json    physician queries
desk.json       who worked on it, and releases that were asked back
audits.json     second codings, findings, answers, rulings
claims.json     claims that went out, and where their life is told
trail.json      every fact of the encounter, numbered without a gap, by event id
account.json    the record itself; only in a pack that holds PHI
manifest.json   sha256 and size of each file

Check it with:  rcm evidence verify FILE
Read a fact:    GET /v1/events/{event_id} of lifecycle-svc
"""


async def pack_of(way: Way, encounter_id: str, phi: Viewing | None, request_id: str) -> bytes:
    """Put the evidence of an encounter together, and record who was given it.

    Args:
        way: Tenant and actor.
        encounter_id: Which.
        phi: Shows PHI; None for a masked pack.
        request_id: Of the HTTP request.

    Raises:
        EncounterNotFound: There is none.
        PatientForgotten: PHI was asked for, and the key was destroyed.
        Forbidden: The caller may not see PHI.
    """
    tenant_id = way.tenant_id
    async with way.runtime.read(tenant_id) as session:
        row = await store.encounter(session, tenant_id, encounter_id)
        if row is None:
            raise EncounterNotFound
        found = await store_audit.evidence(session, tenant_id, encounter_id)
        asked = QueryFilter(encounter_id=encounter_id)
        queries = await store_queries.queries(session, tenant_id, asked, None, QUERIES_MAX)
        sealed = await store.sealed_account(session, tenant_id, encounter_id)
    opened = await _opened(phi, encounter_id, sealed, found)
    files = _files(plain(row), found, [plain(query) for query in queries], opened)
    last = found.trail[-1]
    manifest = Manifest(
        format=FORMAT,
        tenant_id=tenant_id,
        encounter_id=encounter_id,
        holds_phi=phi is not None,
        fact_count=last.stream_version,
        last_event_id=last.event_id,
        files=[],
    )
    data = write_pack(manifest, files)
    decide = partial(_issued, encounter_id, row.patient_id, way.actor, data, phi is not None)
    await way.runtime.execute(
        Command(
            tenant_id=tenant_id,
            command_id=f"evidence/{request_id}",
            streams=[pack_stream(encounter_id)],
            decide=partial(decide, request_id),
            actor=way.actor,
            is_remembered=False,
        )
    )
    return data


def _issued(
    encounter_id: str,
    patient_id: str,
    given_to: str,
    data: bytes,
    holds_phi: bool,  # noqa: FBT001 - a field of the fact
    request_id: str,
    _loaded: Loaded,
    _context: Context,
) -> Sequence[Fact]:
    issued = EvidencePackIssued(
        encounter_id=encounter_id,
        patient_id=patient_id,
        given_to=given_to,
        holds_phi=holds_phi,
        sha256=sha256(data).hexdigest(),
        bytes_count=len(data),
        request_id=request_id,
    )
    return [Fact(pack_stream(encounter_id), issued)]


async def _opened(
    phi: Viewing | None, encounter_id: str, account: Phi | None, found: Evidence
) -> dict[str, Any]:
    """Open the record and what people wrote of it, as one view."""
    if phi is None:
        return {}
    boxes = {_ACCOUNT: account} if account is not None else {}
    for finding in found.findings:
        for name in _WORDS:
            box = getattr(finding, name)
            if box is not None:
                boxes[f"{finding.case_id}/{finding.number}/{name}"] = Phi(**box)
    for override in found.overrides:
        if override.reason is not None:
            boxes[f"override/{override.stream_version}"] = Phi(**override.reason)
    if not boxes:
        return {}
    opened = await phi.open_all(boxes, Any, "evidence", encounter_id)
    if account is not None and opened[_ACCOUNT] is None:
        raise PatientForgotten("The patient's key was destroyed.")
    return opened


def _files(
    encounter: Mapping[str, Any],
    found: Evidence,
    queries: Sequence[Mapping[str, Any]],
    opened: Mapping[str, Any],
) -> dict[str, bytes]:
    messages = [{k: v for k, v in plain(row).items() if k != "raw"} for row in found.messages]
    cases = [
        {
            **plain(case.row),
            "auditor": case.begun.auditor if case.begun is not None else "",
            "second_coding": plain(case.coding) if case.coding is not None else None,
        }
        for case in found.cases
    ]
    parts: dict[str, Any] = {
        "encounter.json": dict(encounter),
        "messages.json": messages,
        "releases.json": [released(row) for row in found.releases],
        "overrides.json": [
            _shown(plain(row), {"reason": f"override/{row.stream_version}"}, opened)
            for row in found.overrides
        ],
        "queries.json": [dict(query) for query in queries],
        "desk.json": {
            "work": [plain(row) for row in found.work],
            "withdrawals": [plain(row) for row in found.withdrawals],
        },
        "audits.json": {
            "cases": cases,
            "findings": [
                _shown(plain(row), {w: f"{row.case_id}/{row.number}/{w}" for w in _WORDS}, opened)
                for row in found.findings
            ],
        },
        "claims.json": [
            {**plain(row), "lifecycle": f"/v1/claims/{row.claim_id}"} for row in found.submissions
        ],
        "trail.json": [plain(row) for row in found.trail],
    }
    account = opened.get(_ACCOUNT)
    if account is not None:
        parts["account.json"] = _named(account)
    files = {path: write_json(value) for path, value in parts.items()}
    return {**files, "README.txt": README}


def _named(account: Any) -> Any:
    """Give the account's fields their names back: it is stored as arrays."""
    return _plain(msgspec.convert(account, Account))


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return to_builtins(value)


def _shown(
    row: dict[str, Any], words: Mapping[str, str], opened: Mapping[str, Any]
) -> dict[str, Any]:
    """Put what somebody wrote in the place of its box, or say that it is masked."""
    said = {name: opened.get(key, MASKED) for name, key in words.items() if row[name] is not None}
    return {**row, **said}
