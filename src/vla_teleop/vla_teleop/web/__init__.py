"""The page for a phone or browser, and the server behind it."""
