"""One hardware interface and its plug-ins. No ROS in the interface."""
