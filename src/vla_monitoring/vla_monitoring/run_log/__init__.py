"""One folder a run: what ran, with which parameters, what happened, how fast it was."""
