"""The ledger: accounts, claims, forward balances, what patients owe."""

from fastapi import APIRouter

from rcm.platform.http import (
    Page,
    Paging,
    Runtime,
    Tenant,
    responses,
)
from rcm.platform.http.paging import InvalidCursor
from rcm.problems import NotFound
from remit_svc import store
from remit_svc.api.shapes import (
    AccountBalance,
    ClaimInAccount,
    ClaimLedger,
    ClaimPaymentShown,
    ForwardBalance,
    PatientBalance,
    PatientClaim,
    PostingShown,
    TrialBalance,
)
from remit_svc.api.ways import Id
from remit_svc.rules.accounts import ACCOUNTS

ledger = APIRouter(tags=["ledger"])


@ledger.get("/ledger/trial-balance")
async def get_trial_balance(tenant: Tenant, runtime: Runtime) -> TrialBalance:
    """Add up every account. `clearing` and the total are zero, or something is wrong."""
    async with runtime.read(tenant) as session:
        found = await store.trial_balance(session, tenant)
    accounts = [
        AccountBalance(
            account=name,
            wording=ACCOUNTS[name].wording,
            kind=ACCOUNTS[name].kind,
            balance_cents=cents,
        )
        for name, cents in found.items()
    ]
    return TrialBalance(accounts=accounts, total_cents=sum(found.values()))


@ledger.get("/ledger/accounts/{account}/claims", responses=responses(NotFound, InvalidCursor))
async def list_claims_in_account(
    account: Id, tenant: Tenant, paging: Paging
) -> Page[ClaimInAccount]:
    """List the claims that have something in an account: what its balance is made of, less the
    amounts that belong to no claim.
    """
    if account not in ACCOUNTS:
        raise NotFound("No such account.")
    return await paging.read(
        {"claim_id": str},
        lambda session, after, count: store.claims_in_account(
            session, tenant, account, after, count
        ),
        ClaimInAccount.model_validate,
    )


@ledger.get("/ledger/claims/{claim_id}", responses=responses(NotFound))
async def get_claim_ledger(claim_id: Id, tenant: Tenant, runtime: Runtime) -> ClaimLedger:
    """Read a claim's money: legs, accounts, every posting and every payment."""
    async with runtime.read(tenant) as session:
        row = await store.claim_account(session, tenant, claim_id)
        postings = await store.postings_of_claim(session, tenant, claim_id)
        payments = await store.payments_of_claim(session, tenant, claim_id)
    if row is None:
        raise NotFound("No such claim.")
    shown = ClaimLedger.model_validate(row)
    shown.payments = [ClaimPaymentShown.model_validate(one) for one in payments]
    shown.postings = [
        PostingShown(
            posting_id=one.posting_id,
            kind=one.kind,
            remittance_id=one.remittance_id,
            position=one.position,
            recorded_at=one.recorded_at,
            amounts={name: cents for name in ACCOUNTS if (cents := getattr(one, name))},
        )
        for one in postings
    ]
    return shown


@ledger.get("/ledger/forward-balances", responses=responses(InvalidCursor))
async def list_forward_balances(tenant: Tenant, paging: Paging) -> Page[ForwardBalance]:
    """List balances that payers carried forward, by payer and trace."""
    return await paging.read(
        {"payer_identifier": str, "trace_number": str},
        lambda session, after, count: store.forward_balances(session, tenant, after, count),
        ForwardBalance.model_validate,
    )


@ledger.get("/patients/{patient_id}/balance", responses=responses(NotFound))
async def get_patient_balance(patient_id: Id, tenant: Tenant, runtime: Runtime) -> PatientBalance:
    """Read what a patient owes. Nothing is due while a payer is to answer or a denial is open."""
    async with runtime.read(tenant) as session:
        rows = await store.accounts_of_patient(session, tenant, patient_id)
    if not rows:
        raise NotFound("No claim of such a patient.")
    claims = [PatientClaim.model_validate(row) for row in rows]
    waits = [claim.awaits_payer or claim.denied_cents != 0 for claim in claims]
    pairs = list(zip(claims, waits, strict=True))
    return PatientBalance(
        patient_id=patient_id,
        due_cents=sum(c.patient_responsibility_cents for c, later in pairs if not later),
        not_yet_due_cents=sum(c.patient_responsibility_cents for c, later in pairs if later),
        claims=claims,
    )
