"""From an 835 file (005010X221A1) to what remit-svc decides about."""
