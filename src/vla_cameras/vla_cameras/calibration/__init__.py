"""From pictures to intrinsics, mounts and delays. No ROS."""
