"""Control laws, the safety chain, the real-time loop process and the controller manager node."""
