"""What lies between a contract's numbers and a network's: normalisation and anchoring."""
