"""The coverage file: policies (NCD, LCD, payers' own) as JSON, in a layout of ours.

    {"policies": [{"policy": "L90001", "kind": "LCD", "title": "...", "source": "https://...",
      "effective": "2026-01-01", "terminated": null, "jurisdictions": ["J-K"], "payers": [],
      "groups": [{"procedures": ["G0103"], "covered": ["Z12.5", "C61*", "N40.0-N40.3"],
                  "frequency": {"units": 1, "days": 335}}]}]}

Every field is described in `rcm.codes.coverage`. An operator makes it from the CMS coverage
database, whose CPT codes are licensed, or from a payer's bulletin.
"""

import json
from typing import Any

import msgspec

from rcm.codes.coverage import Group, Policy
from rcm.codes.forms import has_shape, normalise
from rcm.codes.loaders.parsed import LoadError, Parsed, Table, Upload, release, text_of
from rcm.codes.model import System

_POLICIES_MAX = 20_000
_LICENCE = "CPT codes: (c) American Medical Association, under the operator's licence"
_PREFIX_MIN = 2
"""`Z1*` is the shortest that a policy would say; `Z*` is a slip of the pen."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    policies: list[Any]


def parse_coverage(upload: Upload) -> Parsed:
    """Read a coverage file whole.

    Raises:
        LoadError: Not such a file; says which policy is wrong, and what.
    """
    policies = [_policy(at, given) for at, given in enumerate(_given(upload))]
    seen: set[tuple[str, str]] = set()
    for policy in policies:
        key = policy.policy, policy.effective.isoformat()
        if key in seen:
            raise LoadError(f"policy {key[0]} of {key[1]} stands there twice")
        seen.add(key)
    rows: list[tuple[object, ...]] = []
    procedures: dict[tuple[str, str, str], None] = {}
    for policy in policies:
        through = policy.terminated.isoformat() if policy.terminated is not None else None
        effective = policy.effective.isoformat()
        rows.append((policy.policy, effective, through, msgspec.json.encode(policy).decode()))
        for group in policy.groups:
            for code in group.procedures:
                procedures[code, policy.policy, effective] = None
    return Parsed(
        release(upload, "coverage", "coverage", _LICENCE, len(policies)),
        tables=(Table("coverage", 4, rows), Table("coverage_procedure", 3, list(procedures))),
    )


def _given(upload: Upload) -> list[Any]:
    try:
        data = json.loads(
            text_of(upload), object_pairs_hook=_once, parse_constant=_refuse, parse_int=_small
        )
        policies = msgspec.convert(data, _File).policies
    except (json.JSONDecodeError, msgspec.ValidationError) as error:
        raise LoadError(f"not a coverage file: {error}") from error
    except RecursionError as error:
        raise LoadError("the file is nested too deeply") from error
    if not policies:
        raise LoadError("the file holds no policy")
    if len(policies) > _POLICIES_MAX:
        raise LoadError(f"more than {_POLICIES_MAX} policies")
    return policies


def _policy(at: int, given: Any) -> Policy:
    """Read one policy, its codes written as tables hold them."""
    named = given.get("policy") if isinstance(given, dict) else None
    where = f"policies[{at}]" + (f" ({named[:40]})" if isinstance(named, str) else "")
    try:
        policy = msgspec.convert(given, Policy)
    except msgspec.ValidationError as error:
        raise LoadError(f"{where}: {error}") from error
    if policy.terminated is not None and policy.terminated < policy.effective:
        raise LoadError(f"{where}: terminated before it is effective")
    if not (policy.payers or policy.jurisdictions):
        raise LoadError(f"{where}: names neither payers nor jurisdictions: nobody would follow it")
    groups = tuple(_group(f"{where}.groups[{n}]", group) for n, group in enumerate(policy.groups))
    return msgspec.structs.replace(policy, groups=groups)


def _group(where: str, group: Group) -> Group:
    procedures = tuple(normalise(code) for code in group.procedures)
    for code in procedures:
        if not (has_shape(code, System.HCPCS) or has_shape(code, System.CPT)):
            raise LoadError(f"{where}.procedures: not the form of a HCPCS or CPT code")
    if not (group.covered or group.noncovered or group.together_with or group.frequency):
        raise LoadError(f"{where}: says nothing of diagnoses, nor how often")
    lists = {
        name: tuple(_diagnosis(f"{where}.{name}", text) for text in getattr(group, name))
        for name in ("covered", "together_with", "noncovered")
    }
    return msgspec.structs.replace(group, procedures=procedures, **lists)


def _diagnosis(where: str, text: str) -> str:
    """Write a code, a prefix with `*`, or a range as tables hold it."""
    written = normalise(text)
    first, dash, last = written.partition("-")
    if dash:
        sound = _begins(first) and _begins(last) and first[: len(last)] <= last
    elif written.endswith("*"):
        sound = _begins(written[:-1])
    else:
        sound = has_shape(written, System.ICD10CM)
    if not sound:
        raise LoadError(f"{where}: not an ICD-10-CM code, nor E11*, nor E11.0-E11.9")
    return written


def _begins(text: str) -> bool:
    """Tell whether a code can begin so."""
    padded = text if len(text) > _PREFIX_MIN else text + "0"
    return len(text) >= _PREFIX_MIN and has_shape(padded, System.ICD10CM)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object, in which a name that stands twice would hide the first one."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise LoadError("an object names the same field twice")
    return made


def _refuse(_: str) -> Any:
    raise LoadError("NaN and Infinity are no numbers here")


def _small(digits: str) -> int:
    """Read a number that some field could hold; a million digits take long to read."""
    if len(digits) > 9:
        raise LoadError("a number is far too large")
    return int(digits)
