"""The node: parameters, what is known of the robot, outputs, and the wiring between them."""
