"""What a communicator authors and what residents read: pure values and functions, no I/O, no clock, no storage."""
