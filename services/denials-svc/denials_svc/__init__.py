"""The denials service."""
