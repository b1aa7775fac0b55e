"""What a fact changes in the tables, a module a part."""
