"""The files of a record, and the manifest that tells whether they are as they were. Pure."""

import json
from collections.abc import Mapping
from hashlib import sha256

from broadcaster.record.document import Made, as_data, recording_file, source_file
from broadcaster.record.page import page
from broadcaster.store.timeline import Story

TIMELINE = "timeline.json"
PAGE = "timeline.html"
MANIFEST = "manifest.sha256"


def record(story: Story, made: Made) -> Mapping[str, bytes]:
    """All files by their paths, the manifest among them. The same story at the same time gives the same bytes."""
    data = as_data(story, made)
    files = {
        TIMELINE: (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode(),
        PAGE: page(data, made.zone).encode(),
    }
    for version in story.versions:
        files[source_file(version.said.id)] = version.said.source.encode()
        files |= {recording_file(version.said.id, one.language): one.content for one in version.recordings}
    return {**files, MANIFEST: manifest(files)}


def manifest(files: Mapping[str, bytes]) -> bytes:
    """A line for each file, sorted by path, as ``sha256sum --check`` reads it."""
    lines = (f"{sha256(content).hexdigest()}  {path}\n" for path, content in sorted(files.items()))
    return "".join(lines).encode()
