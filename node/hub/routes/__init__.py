"""The hub's routes, a file per noun."""
