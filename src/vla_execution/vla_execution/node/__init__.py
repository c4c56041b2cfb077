"""The node: parameters, inputs, outputs, and the wiring between them."""
