"""The HTTP side of coding-svc, a module a part."""
