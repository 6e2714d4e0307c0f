"""The store: results as plain files that survive crashes, one folder per experiment, one writer at a time."""

from rnnlab.store.checkpoints import (
    Checkpoint,
    Unusable,
    checkpoints,
    read_checkpoint,
    remove_checkpoint,
    write_checkpoint,
)
from rnnlab.store.compaction import compact
from rnnlab.store.families import known as is_known
from rnnlab.store.findings import Finding, Verification
from rnnlab.store.gone import refuse_gone
from rnnlab.store.layouts import FORMAT, Layout, layout, names, owner
from rnnlab.store.locks import Holder, holder, writing
from rnnlab.store.manifests import environments, note_environment, read_manifest, write_manifest
from rnnlab.store.mending import mend
from rnnlab.store.order import ordered
from rnnlab.store.problems import ComputedTwice, DamagedFile, refused, repair_command
from rnnlab.store.publishing import publish, replace_failures
from rnnlab.store.reading import published, read
from rnnlab.store.recovery import records, recover, refuse_lost, set_aside, set_incomplete_aside
from rnnlab.store.rewriting import clear, keep, left_over
from rnnlab.store.snapshots import Snapshot, at_rest, size, snapshot
from rnnlab.store.tables import BOOKKEEPING, LABELS, columns_of
from rnnlab.store.verifying import verify

__all__ = [
    "BOOKKEEPING",
    "FORMAT",
    "LABELS",
    "Checkpoint",
    "ComputedTwice",
    "DamagedFile",
    "Finding",
    "Holder",
    "Layout",
    "Snapshot",
    "Unusable",
    "Verification",
    "at_rest",
    "checkpoints",
    "clear",
    "columns_of",
    "compact",
    "environments",
    "holder",
    "is_known",
    "keep",
    "layout",
    "left_over",
    "mend",
    "names",
    "note_environment",
    "ordered",
    "owner",
    "publish",
    "published",
    "read",
    "read_checkpoint",
    "read_manifest",
    "records",
    "recover",
    "refuse_gone",
    "refuse_lost",
    "refused",
    "remove_checkpoint",
    "repair_command",
    "replace_failures",
    "set_aside",
    "set_incomplete_aside",
    "size",
    "snapshot",
    "verify",
    "write_checkpoint",
    "write_manifest",
    "writing",
]
