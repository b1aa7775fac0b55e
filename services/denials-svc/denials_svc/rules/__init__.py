"""What is denied, what to do about it, and until when: tables as data, pure functions over them."""
