"""The hub's intake: devices register, send signed readings, and upper systems ask for them (spec D)."""
