"""
netops runs a city's two government networks: who is connected to what, with which address,
through which exit, on what declaration; what broke the rules, and the paper that answers it.
"""

__version__ = "0.1.0"
