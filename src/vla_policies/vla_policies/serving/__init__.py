"""The policy server: openpi's WebSocket protocol, requests of many clients batched on the device."""
