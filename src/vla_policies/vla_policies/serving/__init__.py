"""The policy server: openpi's WebSocket protocol, many clients batched on one device."""
