"""Public code tables found inside the installed packages, read without running them."""
