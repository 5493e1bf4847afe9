"""The chain seen from Python: artifacts, compiler, client, facades of the contracts, signing."""

import importlib
import sys

# py_ecc, which eth_account brings along, raises the recursion limit to 100,000 when it is first
# imported. From then on a deeply nested message would overflow the C stack and kill the process
# instead of raising RecursionError. It is imported here, before anything else can, and put back.
_limit = sys.getrecursionlimit()
importlib.import_module("py_ecc")
sys.setrecursionlimit(_limit)
