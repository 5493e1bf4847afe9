"""The oracle: collects signed readings, checks them and attests them on chain."""
