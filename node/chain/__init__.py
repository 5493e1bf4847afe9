"""The chain seen from Python: artifacts, compiler, client, facades of the contracts, signing."""
