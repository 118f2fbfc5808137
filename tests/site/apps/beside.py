"""Beside the app that imports it."""

REASON = "the brain is out of reach"
