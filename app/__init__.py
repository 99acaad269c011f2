"""Signoff: typed plans of actions, decided by policies, run exactly as often as they should, and proved by a log."""
