"""Policy interface, processors, our own VLA family, checkpoint loaders, policy server and protocol clients. No ROS."""
