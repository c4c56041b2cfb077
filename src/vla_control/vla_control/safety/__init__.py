"""The safety chain, from a target's validity to the latched stop. Everything is on by default."""
