"""The node: the market in Python, from its pure domain to the processes that run it."""
