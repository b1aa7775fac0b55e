"""The remit service."""
