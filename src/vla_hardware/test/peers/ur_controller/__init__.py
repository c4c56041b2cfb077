"""A simulated Universal Robots controller: RTDE, dashboard, script interface, Robotiq gripper."""
