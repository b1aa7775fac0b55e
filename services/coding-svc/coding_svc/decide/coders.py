"""What managers enter about a coder: credentials, what the coder is given, and quotas."""

from collections.abc import Sequence

from coding_svc.model.desk import Coder, Credential, coder_parts
from coding_svc.problems import CoderNotFound
from rcm.domain import Context, Fact, Loaded
from rcm.events.coding_desk import (
    CoderCredentialed,
    CoderCredentialEnded,
    CoderQuotaSet,
    CoderRouted,
)


def enter_credential(
    coder: str, entered: Credential, loaded: Loaded, context: Context
) -> list[Fact]:
    """Enter a credential, or change its days."""
    known = _coder(coder, loaded, context)
    if known is not None and entered in known.credentials:
        return []
    credentialed = CoderCredentialed(
        coder=coder,
        credential_code=entered.code,
        valid_from=entered.valid_from,
        valid_through=entered.valid_through or None,
    )
    return [Fact(_stream(coder, context), credentialed)]


def end_credential(coder: str, code: str, loaded: Loaded, context: Context) -> list[Fact]:
    """End a credential.

    Raises:
        CoderNotFound: The coder does not hold it.
    """
    known = _coder(coder, loaded, context)
    if known is None or code not in {credential.code for credential in known.credentials}:
        raise CoderNotFound("The coder does not hold that credential.")
    ended = CoderCredentialEnded(coder=coder, credential_code=code)
    return [Fact(_stream(coder, context), ended)]


def route(
    coder: str,
    class_codes: Sequence[str],
    specialty_codes: Sequence[str],
    payer_ids: Sequence[str],
    loaded: Loaded,
    context: Context,
) -> list[Fact]:
    """Say what a coder is given when asking for the next encounter."""
    wanted = tuple(tuple(dict.fromkeys(one)) for one in (class_codes, specialty_codes, payer_ids))
    known = _coder(coder, loaded, context)
    if known is not None and wanted == (
        known.class_codes, known.specialty_codes, known.payer_ids,
    ):  # fmt: skip
        return []
    routed = CoderRouted(
        coder=coder,
        class_codes=list(wanted[0]),
        specialty_codes=list(wanted[1]),
        payer_ids=list(wanted[2]),
    )
    return [Fact(_stream(coder, context), routed)]


def set_quota(
    coder: str, class_code: str, per_hour_milli: int, loaded: Loaded, context: Context
) -> list[Fact]:
    """Set how many encounters an hour are expected."""
    known = _coder(coder, loaded, context)
    if known is not None and known.quotas.get(class_code) == per_hour_milli:
        return []
    quota = CoderQuotaSet(coder=coder, class_code=class_code, per_hour_milli=per_hour_milli)
    return [Fact(_stream(coder, context), quota)]


def _stream(coder: str, context: Context) -> str:
    return context.opaque_id(*coder_parts(coder))


def _coder(coder: str, loaded: Loaded, context: Context) -> Coder | None:
    known = loaded.get(_stream(coder, context))
    return known if isinstance(known, Coder) else None
