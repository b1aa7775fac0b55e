"""The audit trail: who saw what, one chain a tenant and service, append-only, beside the store."""
