"""What the verbs are thin over."""
