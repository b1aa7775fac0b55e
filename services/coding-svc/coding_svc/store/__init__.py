"""The tables that people and programs read, a module a part; all stand on one registry."""

from coding_svc.store import analytics, audit, coders, desk, encounters, notes, queries

__all__ = ["analytics", "audit", "coders", "desk", "encounters", "notes", "queries"]
