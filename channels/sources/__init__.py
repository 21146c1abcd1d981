"""What others say publicly about a crisis, as our own values: warnings and news of authorities, CAP alerts, feeds.

Wire only: what a source writes is read here, politely fetched and sorted into items; what becomes of them is decided
elsewhere.
"""
