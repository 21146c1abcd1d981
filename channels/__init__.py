"""Adapters that each speak one provider's wire protocol, and the sandbox that stands in for the providers."""
