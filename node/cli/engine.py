"""The two engines of the file commands: the Python reference and the shipped contract bytecode."""

from enum import StrEnum


class Engine(StrEnum):
    """What computes the answer."""

    PYTHON = "python"
    EVM = "evm"
