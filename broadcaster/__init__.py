"""The broadcaster: configuration, store, plan, engine, web and command line, put together in one place."""

__version__ = "0.2.0.dev0"
"""What CHANGELOG.md calls it. Between two releases it is the next one's, with ``.dev0``."""
