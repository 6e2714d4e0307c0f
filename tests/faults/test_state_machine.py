"""Whatever is done in whatever order - run, extend, kill, compact, verify, load - the store is as a dict would be."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rnnlab import api, grid, runner, store
from rnnlab.store import files
from tests.faults.fakes import install
from tests.faults.runs import LONG, files_of, made, small_blocks, unreadable


class Crash(BaseException):
    """The process ends here."""


class Runs(RuleBasedStateMachine):
    """The model: `grid_of` the last run that finished, and `done`, key to what the measure must say of it."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.patch = pytest.MonkeyPatch()
        small_blocks(self.patch, 2)
        install(self.patch)
        self.seeds, self.scales = 1, (0.5,)
        self.done: dict[str, int] = {}
        self.finished: set[str] | None = None

    def teardown(self) -> None:
        self.patch.undo()
        shutil.rmtree(self.folder)

    @property
    def place(self) -> store.Layout:
        return store.layout(self.folder, "e")

    def experiment(self):
        return made(
            measure={"fake": {}}, activation="tanh", length=3, recurrent_scale=list(self.scales),
            seed={"range": self.seeds},
        )  # fmt: skip

    def wanted(self) -> dict[str, int]:
        return {trial.key: trial.length for trial in grid.trials(self.experiment())}

    @rule()
    def run(self) -> None:
        summary = runner.run(self.experiment(), store=self.folder, workers=1)
        wanted = self.wanted()
        assert (summary.new, summary.done) == (
            len(wanted.keys() - self.done.keys()),
            len(wanted.keys() & self.done.keys()),
        )
        self.done |= wanted
        self.finished = set(wanted)

    @rule(more=st.integers(1, 2))
    def more_seeds(self, more: int) -> None:
        self.seeds += more

    @rule(scale=st.sampled_from([0.25, 2.0, 200.0]))
    def another_scale(self, scale: float) -> None:
        self.scales = tuple(dict.fromkeys([*self.scales, scale]))

    @rule(number=st.integers(1, 80))
    def killed_at(self, number: int) -> None:
        """Every change from the n-th on does not happen: the process is gone."""
        counter, held = itertools.count(1), []
        with pytest.MonkeyPatch.context() as patch:
            for name in files.CHANGES:
                patch.setattr(files, name, self._until(counter, number, getattr(files, name), held))
            try:
                runner.run(self.experiment(), store=self.folder, workers=1)
            except Crash:
                pass
            else:
                self.finished = set(self.wanted())
        for lock in held:  # the kernel does that
            lock.release()
        # The model learns what was published; that it is all of whole blocks, and right, the invariants say.
        now = set(self.published())
        assert set(self.done) <= now <= set(self.done) | set(self.wanted())
        self.done |= dict.fromkeys(now, 3)

    @staticmethod
    def _until(counter, number, original, held):
        def operation(*args):
            if next(counter) >= number:
                raise Crash
            answer = original(*args)
            held.extend([answer] if hasattr(answer, "release") else [])
            return answer

        return operation

    @rule()
    def compact(self) -> None:
        if self.place.root.is_dir():
            with store.writing(self.place):
                store.recover(self.place)
                store.compact(self.place)
            assert len(list(self.place.table("fake").glob("*.parquet"))) <= 1

    @rule()
    def load(self) -> None:
        if self.finished is not None and store.read_manifest(self.place)["finished"]:
            trials = api.load("e", self.folder).trials
            assert set(trials["key"]) == self.finished
            assert trials["status"].notna().all()

    def published(self) -> list[str]:
        return store.published(self.place, "fake")["key"].to_pylist() if self.place.root.is_dir() else []

    @invariant()
    def what_is_done_is_there_once_and_whole(self) -> None:
        if not hasattr(self, "folder"):
            return
        assert sorted(self.published()) == sorted(self.done)
        if self.done:
            steps = store.read(self.place, "fake_by_step")["key"].value_counts().to_pylist()
            assert {each["values"]: each["counts"] for each in steps} == self.done

    @invariant()
    def every_file_is_what_its_name_vouches_for(self) -> None:
        if hasattr(self, "folder"):
            assert unreadable(self.place.root) == []
            assert len(files_of(self.place.root)) == len(set(files_of(self.place.root)))


TestRuns = Runs.TestCase
TestRuns.settings = settings(
    max_examples=200 if LONG else 8, stateful_step_count=20 if LONG else 10, deadline=None, derandomize=not LONG
)
