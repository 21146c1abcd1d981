"""What holds for the repository as a whole."""

import fnmatch
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from broadcaster import __version__

ROOT = Path(__file__).parent.parent
LOCKS = sorted(ROOT.glob("requirements/*.lock"))
PINNED = re.compile(
    r"(?P<name>[a-z0-9.-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>.+?))?(?P<hashes>(?: --hash=sha256:[0-9a-f]{64})+)"
)


def pins(lock: Path) -> dict[str, str]:
    """Return version by package name; every requirement has to be pinned and hashed."""
    lines = "".join(line for line in lock.read_text().splitlines(keepends=True) if not line.lstrip().startswith("#"))
    found = {}
    for requirement in re.sub(r" \\\n\s+", " ", lines).splitlines():
        pinned = PINNED.fullmatch(requirement)
        assert pinned, f"{lock.name} does not pin by version and hash alone: {requirement[:80]}"
        found[pinned["name"]] = pinned["version"]
    return found


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def repository_files() -> Iterator[Path]:
    """Yield what belongs to the repository: all but git's own folder and what .gitignore names."""
    patterns = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines() if line and line[0] != "#"]

    def ours(name: str) -> bool:
        return name != ".git" and not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)

    for folder, folders, files in os.walk(ROOT):
        folders[:] = filter(ours, folders)
        yield from (Path(folder, name) for name in files if ours(name))


PAGES = [path.relative_to(ROOT) for path in repository_files() if path.suffix == ".md"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_pins_every_package_by_hash_and_names_no_address(lock: Path) -> None:
    assert pins(lock)


def test_the_lock_of_the_tools_agrees_with_the_lock_of_the_product() -> None:
    run, dev = pins(ROOT / "requirements/run.lock"), pins(ROOT / "requirements/dev.lock")
    assert {name: dev.get(name) for name in run} == run


@pytest.mark.parametrize("lock", ["run", "dev"])
def test_a_lock_holds_what_pyproject_asks_for(lock: str) -> None:
    project = pyproject()
    wanted = project["project"]["dependencies"] if lock == "run" else project["dependency-groups"]["dev"]
    pinned = pins(ROOT / f"requirements/{lock}.lock")
    stale = [
        str(requirement)
        for requirement in map(Requirement, wanted)
        if not requirement.specifier.contains(pinned.get(canonicalize_name(requirement.name), ""), prereleases=True)
    ]
    assert not stale, "run `make lock`"


def test_no_file_names_a_folder_of_one_machine_or_a_package_registry() -> None:
    # The brackets keep this file from being one that does.
    machine = re.compile(rb"(?<![\w.])/(?:hom[e]|roo[t]|User[s]|wor[k])/\w|py[p]i\.org|pythonh[o]sted|npm[j]s\.")
    found = [
        f"{path.relative_to(ROOT)}: {match[0].decode()}"
        for path in repository_files()
        for match in machine.finditer(path.read_bytes())
    ]
    assert not found


def test_the_change_log_begins_with_the_version_that_the_program_says() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    newest = next(heading for heading in headings if heading != "Unreleased")
    released = re.fullmatch(r"(\d+\.\d+\.\d+), \d{4}-\d\d-\d\d", newest)
    assert released, newest
    if headings[0] == "Unreleased":
        assert Version(released[1]) < Version(__version__)
        assert Version(__version__).is_devrelease
    else:
        assert released[1] == __version__


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_the_readme_names_the_two_commands(command: str) -> None:
    assert command in (ROOT / "README.md").read_text()


def test_make_alone_says_what_can_be_made() -> None:
    phony = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:"))
    told = subprocess.run(["make", "--silent"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^ +make (\w+)", told, re.MULTILINE) == phony.split()[1:]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_within_the_documentation_leads_somewhere(page: Path) -> None:
    broken = [link for link in links(ROOT / page) if not leads_somewhere(ROOT / page, link)]
    assert not broken


def links(page: Path) -> list[str]:
    """Return the addresses of a page's links and images that lie in the repository."""
    tokens = (child for token in MarkdownIt().parse(page.read_text()) for child in token.children or ())
    addresses = (str(token.attrs.get("href") or token.attrs.get("src") or "") for token in tokens)
    return [address for address in addresses if address and not re.match(r"[a-z]+:", address)]


def leads_somewhere(page: Path, link: str) -> bool:
    """Tell whether a relative link's file is there, and in it the heading that its fragment names."""
    name, _, fragment = link.partition("#")
    target = page.parent / name if name else page
    return target.exists() and (not fragment or fragment in headings(target))


def headings(page: Path) -> set[str]:
    """Return the names by which a page's headings can be linked to, as the forges make them."""
    tokens = MarkdownIt().parse(page.read_text())
    texts = (after.content for token, after in pairwise(tokens) if token.type == "heading_open")
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}
