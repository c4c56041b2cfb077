"""LeRobotDataset v3: read, write, statistics, merge and split. No ROS."""
