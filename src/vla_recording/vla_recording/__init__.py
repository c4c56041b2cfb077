"""Episode recorder (rosbag2 MCAP), export to LeRobotDataset v3 and replay."""
