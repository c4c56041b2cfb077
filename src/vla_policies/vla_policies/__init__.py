"""Policies behind one interface, their server and clients."""
