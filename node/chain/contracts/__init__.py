"""Typed facades of the contracts: each turns questions and commands into data, and answers into the domain's types.

Facades do no input and output: a command is a `Call` for a sender, a question a `Query` for `ChainClient.read`.
Gas limits are fixed per kind of call, because some engines fill blocks by limit and none needs an estimate; a test
holds each against what the call uses.
"""
