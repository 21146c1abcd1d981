"""Promises and deadlines that people forget: who is reminded of them, and what is said when nobody kept one."""
