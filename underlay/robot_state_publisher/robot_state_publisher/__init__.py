"""From a URDF and joint states to the transforms of every link."""
