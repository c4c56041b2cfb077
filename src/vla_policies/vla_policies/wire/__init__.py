"""What goes over a wire: arrays and messages of each protocol, as bytes and back."""
