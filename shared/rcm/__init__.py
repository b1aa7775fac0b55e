"""The shared kernel: X12, events, code sets, platform."""
