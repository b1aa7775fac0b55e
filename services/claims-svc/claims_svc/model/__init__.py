"""What claims-svc knows: the tenant's directory, what a claim is written from, and the states."""
