"""`python -m rcm.x12` is `rcm x12`."""

from rcm.x12.cli import main

main()
