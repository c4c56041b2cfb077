"""What may go wrong while a policy acts, and what is done about it."""
