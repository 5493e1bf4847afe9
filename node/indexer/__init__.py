"""Follows the chain by parent hash and projects its events into the store; bills and views are read from there."""
