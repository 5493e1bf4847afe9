"""The market as pure Python: no I/O, no wall clock but one seam, integers only.

This package is the referee: the contracts and the processes must agree with it.
"""
