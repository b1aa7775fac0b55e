"""Batches of upstream records and commands: loaded together, decided purely, committed once."""
