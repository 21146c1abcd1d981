"""``python -m broadcaster`` is the same as ``broadcaster``."""

from broadcaster.cli import main

main()
