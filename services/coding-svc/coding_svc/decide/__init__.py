"""Decisions: what a message, a release or an edit does to an encounter. Pure."""
