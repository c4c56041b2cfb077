"""RViz markers, diagnostics, watchdogs and failure detection."""
