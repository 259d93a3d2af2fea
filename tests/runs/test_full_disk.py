"""A disk on which results have less room than they need: each is whole or not there."""

import pytest

from atlas.runs.results import NOTEBOOK_FILE, read_result
from tests.files.small_disk import assert_no_room, call, on_small_disk

MEGABYTE = 1 << 20


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("how", ["--direct", "--jobs=2"])
def test_results_for_which_there_is_more_and_more_room(accepted_run, tmp_path, how):
    library, _, _ = accepted_run

    def work(disk):
        results = disk.folder / "results"
        refused = 0
        for room in (8_000, 24_000, 80_000, 250_000, 20 * MEGABYTE):
            disk.fill(leave=room)
            code, said = call("reproduce", "--all", how, "--library", library,
                              "--results", results)  # fmt: skip
            disk.make_room()
            for folder in results.glob("[!.]*"):
                assert read_result(folder) is not None
                assert how == "--direct" or (folder / NOTEBOOK_FILE).stat().st_size
            if code == 0:
                break
            refused += 1
            assert_no_room(said, results)
        assert code == 0, said
        assert refused >= 1

    on_small_disk(tmp_path / "disk", 24 * MEGABYTE, work)
