"""The devices: a module each that names its class ``DEVICE``."""
