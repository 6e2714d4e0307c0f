"""The store against its promises: whole blocks only, exact numbers, and every operation on files may fail."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import math
import os
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rnnlab import measures, store
from rnnlab.columns import schema
from rnnlab.errors import StoreBusy, StoreDamaged, StoreIOError, UsageError
from rnnlab.store import compaction, digest, files, journal, order, parquet, publishing, staging
from rnnlab.store.layouts import FileName
from tests import fake_measure


@pytest.fixture
def place(tmp_path, monkeypatch):
    fake_measure.install(monkeypatch)
    place = store.layout(tmp_path, "e")
    staging.folder(place.root)
    return place


def published_keys(place):
    return sorted(store.published(place, "fake")["key"].to_pylist())


def keys(trials):
    return sorted(trial.key for trial in trials)


def parquet_files(place):
    return sorted(p.relative_to(place.root).as_posix() for p in place.root.glob("[!.]*/*.parquet"))


# --- exact numbers ---------------------------------------------------------------------------------------------------


def test_what_is_written_is_read_bit_for_bit(place):
    pinned = schema(store.columns_of("fake"))
    odd = [math.nan, None, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308, 0.1]
    trials = fake_measure.trials(len(odd))
    table = fake_measure.block(trials)["fake"]
    table = table.set_column(pinned.get_field_index("x"), pinned.field("x"), pa.array(odd, pa.float64()))
    store.publish(place, {"fake": table})
    back = store.read(place, "fake", verify=True)["x"].combine_chunks()
    assert back.is_null().to_pylist() == [value is None for value in odd]
    bits = [None if value is None else np.float64(value).tobytes() for value in odd]
    assert [None if v is None else np.float64(v).tobytes() for v in back.to_pylist()] == bits


def test_plain_pandas_reads_a_table_with_plain_types(place):
    store.publish(place, fake_measure.block(fake_measure.trials(5)))
    frame = pd.read_parquet(place.table("fake"))
    assert list(frame.columns) == [column.name for column in store.columns_of("fake")]
    assert frame["x"].dtype == np.float64
    assert frame["width"].dtype == np.int64
    assert frame["diverged_at"].isna().all()
    assert frame["activation"].tolist() == ["tanh"] * 5
    assert len(pd.read_parquet(place.table("fake_by_step"))) == 15


def test_files_carry_pinned_types_docs_checksums_and_zstd(place):
    store.publish(place, fake_measure.block(fake_measure.trials(2)))
    for path in parquet_files(place):
        file = pq.ParquetFile(place.root / path)
        assert file.schema_arrow.remove_metadata().equals(schema(store.columns_of(path.split("/")[0])))
        assert file.schema_arrow.field("key").metadata[b"doc"]
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
        encodings = {c.path_in_schema: c.encodings for c in map(file.metadata.row_group(0).column, range(4))}
        assert "RLE_DICTIONARY" in encodings["key"]


def test_the_same_rows_are_the_same_bytes(place):
    table = fake_measure.block(fake_measure.trials(4))["fake"]
    assert parquet.encode(table) == parquet.encode(table)


@pytest.mark.parametrize("name", ["../x", "/etc", "a/b", "", "X", "a" * 65, "é", "a\n", ".hidden"])
def test_names_that_cannot_be_folders_are_refused(tmp_path, name):
    with pytest.raises(UsageError):
        store.layout(tmp_path, name)


def test_a_planted_link_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "e").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreIOError, match="is no folder"):
        store.layout(tmp_path, "e")


def test_old_rows_stay_labelled(place):
    trials = fake_measure.trials(3)
    store.publish(place, fake_measure.block(trials, settings="aaaaaaaa"))
    store.publish(place, fake_measure.block(trials, settings="bbbbbbbb", version=2))
    for table, rows in (("fake", 3), ("fake_by_step", 9)):
        assert store.read(place, table).num_rows == 2 * rows
        assert store.read(place, table, settings="aaaaaaaa").num_rows == rows
        assert store.read(place, table, version=2, keys=[trials[0].key]).num_rows == rows // 3
    store.compact(place)
    assert store.read(place, "fake_by_step", settings="bbbbbbbb").num_rows == 9


def test_columns_that_an_older_file_lacks_are_null(place):
    table = fake_measure.block(fake_measure.trials(2))["fake"].drop_columns(["diverged_at"])
    store.publish(place, {"fake": table})
    assert store.read(place, "fake")["diverged_at"].null_count == 2


@pytest.mark.parametrize("verify", [True, False])
def test_parameters_that_were_added_since_have_the_values_that_old_trials_had(place, verify):
    trials, later = fake_measure.trials(2), {"recurrent_density": 1.0, "eigenvalue_floor": 1.0, "recurrent_rank": 1}
    later["recurrent_noise"] = 0.0
    store.publish(place, {"fake": fake_measure.block(trials)["fake"].drop_columns(list(later))})
    store.publish(place, {"fake": fake_measure.block(fake_measure.trials(4)[2:])["fake"]})

    def check():
        found = store.read(place, "fake", verify=verify)
        assert found.schema.equals(schema(store.columns_of("fake")))
        for name, value in later.items():
            assert found[name].to_pylist() == [value] * 4

    check()
    store.compact(place)
    check()


def test_some_columns_in_the_order_asked_for(place):
    store.publish(place, fake_measure.block(fake_measure.trials(2)))
    assert store.read(place, "fake", columns=["x", "width"]).column_names == ["x", "width"]


def test_an_unknown_table_is_named(place):
    with pytest.raises(UsageError, match="nonsense"):
        store.read(place, "nonsense")


@pytest.mark.parametrize("measure", measures.registry())
def test_no_table_has_two_columns_of_one_name(measure):
    for table in [*measures.registry()[measure].TABLES, *store.BOOKKEEPING]:
        found = [column.name for column in store.columns_of(table)]
        assert len(found) == len(set(found))


# --- compaction ------------------------------------------------------------------------------------------------------


def test_compaction_does_not_depend_on_blocks_or_their_order(tmp_path, monkeypatch):
    fake_measure.install(monkeypatch)
    trials = fake_measure.trials(12)
    found = []
    for name, parts in (("a", [trials]), ("b", [trials[6:], trials[:6]]), ("c", [[t] for t in reversed(trials)])):
        place = store.layout(tmp_path, name)
        staging.folder(place.root)
        for part in parts:
            store.publish(place, fake_measure.block(part))
        store.compact(place)
        found.append({path: (place.root / path).read_bytes() for path in parquet_files(place)})
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 2


def test_only_small_files_are_merged(place, monkeypatch):
    monkeypatch.setattr(compaction, "SMALL", 10 * 8 * 30)
    store.publish(place, fake_measure.block(fake_measure.trials(100)))
    big = set(parquet_files(place))
    for i in range(3):
        store.publish(place, fake_measure.block(fake_measure.trials(1, first=200 + i)))
    store.compact(place)
    assert big < set(parquet_files(place))
    assert len(parquet_files(place)) == 4


def test_merged_files_stay_within_the_budget(place, monkeypatch):
    monkeypatch.setattr(compaction, "BUDGET", 5 * 8 * 30)
    for i in range(20):
        store.publish(place, fake_measure.block(fake_measure.trials(1, first=i)))
    store.compact(place)
    assert 4 <= len(parquet_files(place)) / 2 <= 10
    assert published_keys(place) == keys(fake_measure.trials(20))


def test_a_table_with_columns_of_a_newer_version_is_not_merged(place):
    for i in range(2):
        table = fake_measure.block(fake_measure.trials(1, first=i))["fake"]
        store.publish(place, {"fake": table.append_column("new", pa.array([1.0]))})
    before = parquet_files(place)
    store.compact(place)
    assert parquet_files(place) == before


def test_damage_is_never_merged_into_a_new_file(place):
    for i in range(2):
        store.publish(place, fake_measure.block(fake_measure.trials(1, first=i)))
    victim = place.root / parquet_files(place)[0]
    data = bytearray(victim.read_bytes())
    data[-20] ^= 1
    victim.write_bytes(data)
    with pytest.raises(StoreDamaged, match=victim.name):
        store.compact(place)


def test_rows_of_a_trial_keep_their_order():
    table = pa.table({"key": list("bbbaacc"), "t": [3, 1, 2, 9, 8, 1, 2]})
    assert order.ordered(table).to_pydict() == {"key": list("aabbbcc"), "t": [9, 8, 3, 1, 2, 1, 2]}
    assert order.ordered(table.slice(0, 0)).num_rows == 0


def test_a_reader_sees_old_or_new_while_files_are_exchanged(place):
    trials = fake_measure.trials(30)
    for trial in trials:
        store.publish(place, fake_measure.block([trial]))
    wrong, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            if published_keys(place) != keys(trials) or store.read(place, "fake_by_step").num_rows != 90:
                wrong.append(1)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    split = [fake_measure.block([trial]) for trial in trials]
    for _ in range(5):
        store.compact(place)
        merged = parquet_files(place)
        new = {}
        for each in split:
            new |= publishing.encoded(each, "fake")
        journal.exchange(place, new, merged)
    stop.set()
    for reader in readers:
        reader.join()
    assert not wrong


# --- every operation may fail ----------------------------------------------------------------------------------------


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def fail_at(monkeypatch):
    """Return a function that makes the n-th change of files raise; the changes after it too, if the process died."""
    originals = {name: getattr(files, name) for name in files.CHANGES}

    def arm(number, error):
        counter = itertools.count(1)

        def wrapped(name):
            def operation(*args):
                count = next(counter)
                if count == number or (isinstance(error, Crash) and count > number):
                    raise error
                return originals[name](*args)

            return operation

        for name in files.CHANGES:
            monkeypatch.setattr(files, name, wrapped(name) if number else originals[name])
        return counter

    return arm


ERRORS = [OSError(code, os.strerror(code)) for code in (errno.ENOSPC, errno.EIO, errno.EMFILE)] + [Crash()]


def visible(place):
    """What a reader sees: keys of trials, and how many steps each has."""
    return published_keys(place), sorted(store.read(place, "fake_by_step")["key"].to_pylist())


@pytest.mark.parametrize("error", ERRORS, ids=["no space", "I/O", "too many files", "crash"])
def test_a_block_is_published_wholly_or_not_at_all(place, fail_at, error):
    first, second = fake_measure.trials(3), fake_measure.trials(3, first=3)
    store.publish(place, fake_measure.block(first))
    old = visible(place)
    for number in itertools.count(1):
        fail_at(number, error)
        raised = None
        try:
            store.publish(place, fake_measure.block(second))
        except (Crash, StoreIOError) as caught:
            raised = caught
        finally:
            fail_at(0, None)
        if raised is None:
            break
        assert isinstance(raised, Crash) or str(place.root) in str(raised)
        assert isinstance(raised, Crash) or "run the same command again" in str(raised)
        seen = visible(place)
        assert seen == old or seen[0] == keys(first + second)
        assert len(seen[1]) == 3 * len(seen[0])
        store.recover(place)
        assert visible(place) == seen
        assert not [e for e in files.entries(place.staging) if e.kind == "file"]
        assert len(pd.read_parquet(place.table("fake_by_step"))) == len(seen[1])
        if seen != old:
            for table in ("fake", "fake_by_step"):
                for path in store.snapshot(place).paths(place, table):
                    if parquet.shape(path)[0] and parquet.read(path)["key"][0].as_py() in keys(second):
                        path.unlink()
    assert number > 5
    assert published_keys(place) == keys(first + second)


@pytest.mark.parametrize("error", ERRORS, ids=["no space", "I/O", "too many files", "crash"])
def test_compaction_that_fails_leaves_what_was_there(place, fail_at, error):
    trials = fake_measure.trials(4)
    for number in itertools.count(1):
        for path in parquet_files(place):
            (place.root / path).unlink()
        for trial in trials:
            store.publish(place, fake_measure.block([trial]))
        whole = visible(place)
        fail_at(number, error)
        try:
            store.compact(place)
        except (Crash, StoreIOError):
            done = False
        else:
            done = True
        finally:
            fail_at(0, None)
        assert visible(place) == whole
        store.recover(place)
        assert visible(place) == whole
        assert len(pd.read_parquet(place.table("fake"))) == len(trials)
        store.compact(place)
        assert visible(place) == whole
        assert len(parquet_files(place)) == 2
        if done:
            break
    assert number > 10


@pytest.mark.parametrize("error", ERRORS, ids=["no space", "I/O", "too many files", "crash"])
def test_the_previous_manifest_stays_current(place, fail_at, error):
    store.write_manifest(place, {"name": "old"})
    for number in itertools.count(1):
        fail_at(number, error)
        try:
            store.write_manifest(place, {"name": "new"})
        except (Crash, StoreIOError):
            fail_at(0, None)
            assert store.read_manifest(place)["name"] in ("old", "new")
            store.write_manifest(place, {"name": "old"})
        else:
            break
        finally:
            fail_at(0, None)
    assert number == 6
    assert store.read_manifest(place)["name"] == "new"


def test_a_file_system_without_links_still_publishes(place, monkeypatch):
    def refuse(*args, **options):
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    store.publish(place, fake_measure.block(fake_measure.trials(2)))
    with pytest.raises(FileExistsError):
        files.link(place.root / parquet_files(place)[0], place.root / parquet_files(place)[1])
    assert len(published_keys(place)) == 2


# --- what a writer finds ---------------------------------------------------------------------------------------------


def test_long_tables_without_a_commit_are_not_seen_and_go(place):
    store.publish(place, fake_measure.block(fake_measure.trials(2)))
    orphan = publishing.encoded(fake_measure.block(fake_measure.trials(2, first=5)), "fake")
    path, data = next(iter(orphan.items()))
    assert path.startswith("fake_by_step/")
    (place.root / path).write_bytes(data)
    assert store.read(place, "fake_by_step").num_rows == 6
    notes = store.recover(place)
    assert "killed run" in notes[0]
    assert not (place.root / path).exists()


@pytest.mark.parametrize("table", ["fake", "fake_by_step"])
@pytest.mark.parametrize("keep", [0, 3, 0.5, -1])
def test_a_truncated_file_is_named_and_set_aside_with_its_block(place, table, keep):
    store.publish(place, fake_measure.block(fake_measure.trials(2)))
    store.publish(place, fake_measure.block(fake_measure.trials(2, first=2)))
    victim = next(place.table(table).glob("*.parquet"))
    data = victim.read_bytes()
    victim.write_bytes(data[: int(len(data) * keep) if isinstance(keep, float) else keep])
    with pytest.raises(StoreDamaged, match=victim.name):
        store.read(place, table)
    notes = store.recover(place)
    assert victim.name in notes[0]
    assert len(notes) == 1
    assert len(published_keys(place)) == 2
    assert store.read(place, "fake_by_step").num_rows == 6
    assert len(pd.read_parquet(place.table(table))) == (2 if table == "fake" else 6)


def test_no_flipped_byte_is_read_silently(place):
    store.publish(place, fake_measure.block(fake_measure.trials(1)))
    for name in parquet_files(place):
        path = place.root / name
        data = path.read_bytes()
        for i in range(len(data)):
            flipped = data[:i] + bytes([data[i] ^ 1 << i % 8]) + data[i + 1 :]
            assert not parquet.vouched(path, flipped)
            if i % 101 == 0:
                path.write_bytes(flipped)
                with pytest.raises(StoreDamaged):
                    store.read(place, name.split("/")[0])
        path.write_bytes(data)


def test_a_flipped_byte_of_a_gradients_file_never_changes_a_frame(tmp_path):
    place = store.layout(tmp_path, "e")
    staging.folder(place.root)
    pinned = schema(store.columns_of("gradients"))
    table = pa.Table.from_pylist([dict.fromkeys(pinned.names)], pinned)
    store.publish(place, {"gradients": table.set_column(0, pinned.field(0), pa.array(["k" * 16]))})
    path = next(place.table("gradients").glob("*.parquet"))
    data, undamaged = path.read_bytes(), store.read(place, "gradients")
    for i in range(0, len(data), 7):
        path.write_bytes(data[:i] + bytes([data[i] ^ 1 << i % 8]) + data[i + 1 :])
        with pytest.raises(StoreDamaged):
            store.read(place, "gradients")
        with pytest.raises(StoreDamaged):
            store.published(place, "gradients")
        with contextlib.suppress(StoreDamaged):  # without the hash of the whole file, nothing else may come of it
            store.read(place, "gradients", verify=False)
    path.write_bytes(data)
    assert store.read(place, "gradients").equals(undamaged)


def test_foreign_files_are_named_and_never_opened(place):
    store.publish(place, fake_measure.block(fake_measure.trials(2)))
    table = place.table("fake")
    (table / "empty.parquet").touch()
    (table / "text.parquet").write_text("hello")
    os.mkfifo(table / f"{FileName('0' * 16, '0' * 16)}")
    (table / f"{FileName('1' * 16, '0' * 16)}").symlink_to(table / "nowhere")
    (table / f"{FileName('2' * 16, '0' * 16)}").mkdir()
    (table / ".staged").touch()
    assert len(published_keys(place)) == 2
    assert len(store.snapshot(place).foreign) == 5
    assert len([note for note in store.recover(place) if "skipped" in note]) == 5


def test_a_journal_that_points_outside_is_not_followed(place, tmp_path):
    victim = tmp_path / "victim"
    victim.touch()
    record = {"sequence": 1, "state": "committed", "add": [], "remove": ["../victim", "fake/../../victim"]}
    place.journal.write_bytes(digest.seal(record))
    store.recover(place)
    assert victim.exists()


def test_records_list_every_file_and_reread_none_that_is_known(place, monkeypatch):
    store.publish(place, fake_measure.block(fake_measure.trials(2)))
    records = store.records(place, {})
    assert [record["path"] for record in records] == parquet_files(place)
    assert all(record["bytes"] == (place.root / record["path"]).stat().st_size for record in records)
    assert {record["rows"] for record in records} == {2, 6}
    monkeypatch.setattr(
        files, "read", lambda path: (_ for _ in ()).throw(OSError) if path.suffix == ".parquet" else b""
    )
    assert store.records(place, {record["path"]: record for record in records}) == records


def test_failures_are_replaced_as_a_whole(place):
    row = {"key": "k", "measure": "fake", "message": "m", "traceback": "t", "environment": "e"}
    pinned = schema(store.columns_of("failures"))
    store.replace_failures(place, pa.Table.from_pylist([row, {**row, "key": "j"}], pinned))
    assert store.read(place, "failures")["key"].to_pylist() == ["j", "k"]
    store.replace_failures(place, pa.Table.from_pylist([row], pinned))
    assert [{name: each[name] for name in row} for each in store.read(place, "failures").to_pylist()] == [row]
    store.replace_failures(place, pinned.empty_table())
    assert not parquet_files(place)


# --- manifest, lock --------------------------------------------------------------------------------------------------


def test_every_flipped_byte_of_the_manifest_is_found(place):
    store.write_manifest(place, {"name": "e", "title": "½ φ²", "files": [], "x": None})
    data = place.manifest.read_bytes()
    assert store.read_manifest(place)["title"] == "½ φ²"
    for i in range(len(data)):
        place.manifest.write_bytes(data[:i] + bytes([data[i] ^ 1 << i % 8]) + data[i + 1 :])
        with pytest.raises((StoreDamaged, UsageError)):
            store.read_manifest(place)
    for i in range(len(data)):
        place.manifest.write_bytes(data[:i])
        with pytest.raises(StoreDamaged):
            store.read_manifest(place)


def test_a_newer_format_is_refused(place):
    place.manifest.write_text(json.dumps({"format": store.FORMAT + 1, "what": "ever"}))
    with pytest.raises(UsageError, match="newer rnnlab"):
        store.read_manifest(place)


def test_environments_accumulate(place):
    store.note_environment(place, "a" * 10, {"numpy": "1"})
    store.note_environment(place, "b" * 10, {"numpy": "2"})
    store.note_environment(place, "a" * 10, {"numpy": "other"})
    assert store.environments(place) == {"a" * 10: {"numpy": "1"}, "b" * 10: {"numpy": "2"}}


def test_a_second_writer_is_told_who_holds_the_store(place):
    with store.writing(place):
        with pytest.raises(StoreBusy, match=f"process {os.getpid()} on "), store.writing(place):
            pass
        with pytest.raises(StoreBusy, match="Waited for"), store.writing(place, wait=0.3):
            pass
    with store.writing(place):
        pass


def test_a_writer_waits_for_the_other(place):
    entered = threading.Event()

    def hold():
        with store.writing(place):
            entered.set()
            time.sleep(0.5)

    other = threading.Thread(target=hold)
    other.start()
    entered.wait()
    with store.writing(place, wait=True):
        assert not other.is_alive() or other.join(1) is None
    other.join()


def test_what_a_dead_holder_noted_does_not_matter(place):
    place.holder.write_text(json.dumps({"pid": 2**22 + 1, "host": "gone", "command": "x", "start": "then"}))
    with store.writing(place):
        assert store.holder(place).pid == os.getpid()


def test_a_file_in_place_of_the_store_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreIOError, match="another folder with --store"):
        store.names(tmp_path / "file")
    with (
        pytest.raises(StoreIOError, match="another folder with --store"),
        store.writing(store.layout(tmp_path / "file", "e")),
    ):
        pass


def test_experiments_of_a_store_are_listed(tmp_path, monkeypatch):
    fake_measure.install(monkeypatch)
    assert store.names(tmp_path / "absent") == ()
    for name in ("b", "a"):
        place = store.layout(tmp_path, name)
        staging.folder(place.root)
        store.write_manifest(place, {})
    (tmp_path / "empty").mkdir()
    Path(tmp_path / "file").touch()
    assert store.names(tmp_path) == ("a", "b")
