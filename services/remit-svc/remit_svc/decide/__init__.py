"""Decisions of remit-svc: what is recorded when an advice, a submission or a person comes."""
