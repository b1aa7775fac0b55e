"""Decisions of denials-svc: what an answer of a payer opens, changes and closes; what people do."""
