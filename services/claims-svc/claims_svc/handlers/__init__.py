"""Everything that comes in, and what is done about it: each way in is one command, one commit.

EncounterCoded ──▶ bill ──▶ ready ──▶ batch (commit) ──▶ wire ──▶ settle (commit)
TA1 999 277CA  ──▶ acknowledge
RemittanceReceived, CorrectedClaimRequested ──▶ learn, request ──▶ catch up
"""
