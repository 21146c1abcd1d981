"""Files and folders for what is nobody else's business: only their owner may read them, from their first moment on.

Whatever the umask is: it takes rights away and adds none.
"""

import os
from pathlib import Path
from typing import BinaryIO

FILE = 0o600
FOLDER = 0o700


def create(file: Path) -> BinaryIO:
    """Make a file that is not there yet, and open it to write.

    Raises:
        FileExistsError: it is there.
        OSError: it cannot be made.
    """
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE), "wb")


def make_folder(folder: Path) -> None:
    """Make a folder, and what is missing above it, unless it is there.

    Raises:
        OSError: it cannot be made.
    """
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(mode=FOLDER, exist_ok=True)
    folder.mkdir(mode=FOLDER, exist_ok=True)  # a file in its place is told
