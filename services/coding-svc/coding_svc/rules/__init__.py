"""What an encounter must satisfy, and what is known of a sender."""
