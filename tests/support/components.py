"""The programs that tests drive and pip does not bring: found, or on a Debian-like system installed.

``python -m tests.support.components`` sees to all of them before a run.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("initdb", "postgres", "pg_ctl")
REQUIRED = "BROADCASTER_REQUIRE_COMPONENTS"


@dataclass(frozen=True, slots=True)
class Component:
    """A program, or set of programs, that some tests need.

    Args:
        name: what people call it.
        packages: the Debian packages that bring it.
        find: where it is, or None.
    """

    name: str
    packages: tuple[str, ...]
    find: Callable[[], Path | None]


def _postgresql() -> Path | None:
    """Return the folder of the server's programs, which Debian keeps out of the PATH."""
    initdb = shutil.which("initdb")
    candidates = [Path(initdb).resolve().parent] if initdb else []
    candidates += Path("/usr/lib/postgresql").glob("*/bin")
    return next((folder for folder in candidates if all((folder / name).exists() for name in PROGRAMS)), None)


def _chromium() -> Path | None:
    """Return a browser that starts: Ubuntu's package is a stand-in that only tells of another way to install it."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        program = shutil.which(name)
        if program and subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0:
            return Path(program)
    return None


def _fonts() -> Path | None:
    """Return a font file; a browser without any shows no letters."""
    folders = (Path("/usr/share/fonts"), Path("/System/Library/Fonts"))
    return next((font for folder in folders for font in folder.rglob("*.[to]t[fc]")), None)


def _espeak() -> Path | None:
    program = shutil.which("espeak-ng")
    return Path(program) if program else None


POSTGRESQL = Component("PostgreSQL", ("postgresql",), _postgresql)
CHROMIUM = Component("Chromium", ("chromium",), _chromium)
FONTS = Component("fonts", ("fonts-dejavu-core",), _fonts)
ESPEAK = Component("espeak-ng", ("espeak-ng",), _espeak)


def missing() -> list[Component]:
    """Return the components that are not there."""
    return [component for component in (POSTGRESQL, CHROMIUM, FONTS, ESPEAK) if component.find() is None]


def _apt(*arguments: str) -> str | None:
    """Run apt-get, and return None or why it did not do it."""
    if shutil.which("apt-get") is None:
        return "there is no apt-get here"
    if os.geteuid() != 0:
        return "only root may install packages"
    command = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=True
        )
    except subprocess.TimeoutExpired:
        return f"apt-get {arguments[0]} took more than five minutes"
    except subprocess.CalledProcessError as error:
        return f"apt-get {arguments[0]} failed: {error.stderr.strip()}"
    return None


def _install(component: Component) -> str | None:
    """Install a component's packages, and return None or why it is still not there."""
    reason = _apt("install", "--yes", "--no-install-recommends", *component.packages)
    if component.find() is not None:
        return None
    return reason or f"{' '.join(component.packages)} did not bring it"


def main() -> int:
    """Install what is missing; say what is left out, which is a failure only where nothing may be."""
    wanted = missing()
    if not wanted:
        return 0
    print(f"Not here yet: {', '.join(component.name for component in wanted)}", flush=True)
    unread = _apt("update")
    left_out = {component.name: reason for component in wanted if (reason := unread or _install(component))}
    for name, reason in left_out.items():
        print(f"Tests with {name} are left out: {reason}")
    if left_out and REQUIRED in os.environ:
        print(f"{REQUIRED} is set, so none may be left out.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
