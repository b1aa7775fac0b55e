"""Readers of the official files that an operator downloads; one module for each format."""
