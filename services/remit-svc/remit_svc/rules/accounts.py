"""The chart of accounts. Debit is positive, credit negative; all accounts together are always zero.

    charge           receivable +  revenue -
    advice           cash +        clearing -     (BPR02)
    claim payment    clearing + paid, contractual/denied/patient/... + adjusted, receivable - billed
    PLB              its account + amount, clearing - amount
    unmatched        clearing +    suspense -     (CLP04)

`clearing` is zero again after each advice, because sum(CLP04) - sum(PLB) = BPR02: one that was
posted in part would show there. Sources: 835 005010X221A1 balancing; Medicare Claims Processing
Manual (CMS 100-04) chapter 22 for the use of PLB; 45 CFR 162.1602 for the standard itself.
"""

from typing import Final, NamedTuple


class Account(NamedTuple):
    """One account.

    Attributes:
        wording: What stands in it.
        kind: Asset, liability, income, contra income (lowers revenue), or a control account that
            comes back to zero.
        source: Where its amounts come from.
    """

    wording: str
    kind: str
    source: str


ACCOUNTS: Final = {
    "receivable": Account("billed and not yet answered", "asset", "CLM02; less CLP03"),
    "revenue": Account("charges, gross", "income", "CLM02"),
    "cash": Account("payments as the advice states them", "asset", "BPR02"),
    "clearing": Account("advice being posted; zero afterwards", "control", "BPR02, CLP04, PLB"),
    "suspense": Account("money whose claim is not known", "liability", "CLP04 of unmatched"),
    "contractual": Account("written off by contract", "contra income", "CAS*CO, class C"),
    "sequestration": Account("federal budget cut", "contra income", "CAS*CO*253"),
    "withhold": Account("withheld, to be released", "asset", "CAS*CO*104"),
    "patient": Account("owed by the patient", "asset", "CAS*PR of the last payer"),
    "paid_to_patient": Account("payer paid the patient", "asset", "CAS*OA*100"),
    "consumer_account": Account("to come from a spending account", "asset", "CAS*OA*187"),
    "denied": Account("refused and in dispute", "asset", "CAS, class D and R; PI class C"),
    "pending": Account("the payer is still deciding", "asset", "CAS, class W"),
    "coordination": Account("between the payers of one claim", "control", "CAS*OA*23, next legs"),
    "information": Account("adjusted without consequence", "contra income", "CAS, class I"),
    "review": Account("group and reason contradict each other", "asset", "CAS*CO*1, CAS*OA*45"),
    "forward_balance": Account("debt carried to a later advice", "liability", "PLB FB"),
    "recoupment": Account("overpayments taken back by the payer", "liability", "PLB WO"),
    "refunds": Account("refunds that the payer confirms", "liability", "PLB 72"),
    "interest": Account("interest and early payment", "income", "PLB L6, 51, 90"),
    "tax_withheld": Account("withheld for tax or levy", "asset", "PLB IR, LE"),
    "settlements": Account("interim, lump-sum and final settlements", "income", "PLB LS, IS ..."),
    "incentives": Account("bonus, capitation, rebate", "income", "PLB BN, CT, IP, B2"),
    "provider_suspense": Account("other money with a payer", "asset", "PLB CS, J1, E3 ..."),
}
"""Every account that a posting may name."""

OPEN_ACCOUNTS: Final = frozenset({"receivable", "denied", "pending", "review"})
"""What a payer may still be asked for; settled against revenue once a claim is replaced."""

PROVIDER_ACCOUNTS: Final = {
    "FB": "forward_balance",
    "WO": "recoupment",
    "72": "refunds",
    "L6": "interest",
    "51": "interest",
    "90": "interest",
    "LE": "tax_withheld",
    "IR": "tax_withheld",
    "AP": "settlements",
    "CV": "settlements",
    "DM": "settlements",
    "GO": "settlements",
    "IS": "settlements",
    "LS": "settlements",
    "PI": "settlements",
    "PL": "settlements",
    "RA": "settlements",
    "B2": "incentives",
    "BN": "incentives",
    "CT": "incentives",
    "IP": "incentives",
}
"""Account of each PLB03-1; a code that is not here stands in `provider_suspense`. 50 late charge,
CS garnishment, E3 withholding, J1 non-reimbursable, SL student loan, TL third party and
WU unspecified recovery stay there until somebody looks."""


def provider_account(reason_code: str) -> str:
    """Return the account of a PLB reason."""
    return PROVIDER_ACCOUNTS.get(reason_code, "provider_suspense")
