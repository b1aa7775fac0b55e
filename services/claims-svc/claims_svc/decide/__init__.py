"""What claims-svc decides, one module for each stretch of a claim's way."""
