"""Probes: senses and hands. They say what they saw, never what it means."""
