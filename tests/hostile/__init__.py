"""Hostile inputs, made from a seed, and what they must not do. `scripts/fuzz` runs them by the thousand.

A module holds functions `(rng) -> input` and a list `KINDS`; to add a kind, add its module to `registry.MODULES`.
"""
