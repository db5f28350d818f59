"""The workstation: engine, modules, local API and window."""

__version__ = "0.1.0"
