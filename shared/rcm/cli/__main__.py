"""`python -m rcm.cli` is `rcm`."""

from rcm.cli import main

main()
