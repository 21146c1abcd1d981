"""The record of an incident: what was known, decided and published when, as files for authorities and the archive."""

from broadcaster.record.document import FORMAT, VERSION, Made, as_data
from broadcaster.record.files import MANIFEST, record
from broadcaster.record.shelf import OccupiedError, put

__all__ = ["FORMAT", "MANIFEST", "VERSION", "Made", "OccupiedError", "as_data", "put", "record"]
