"""X12 for the revenue cycle: read, check and write every transaction, and say what is wrong where.

Start at `docs/x12/core.md`. The typed documents are `x835`, `x999`, `ta1`, `x277ca` and the 837s;
`Reader` reads anything.
"""
