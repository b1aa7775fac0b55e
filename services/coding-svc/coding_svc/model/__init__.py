"""What an encounter is while it is put together: frozen values, and what may be wrong with them."""
