"""What an adjustment of a payer means: one dated table for the ledger and for the worklist.

`reasons.py` holds the table (835 CAS, code source 139, our own wording); `table.py` reads it, lays
a tenant's or payer's rows over it, and says what becomes of an amount. remit-svc takes the ledger
account from it and denials-svc the denial, so that money that is not written off is on a worklist.
"""
