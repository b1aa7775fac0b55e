"""Benchmarks: every claim about speed comes from here, beside its peer or ceiling, in one run."""
