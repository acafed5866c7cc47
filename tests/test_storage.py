"""Files of arrays and tables: what is in memory while they are read or written."""

import weakref

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unitscope.run.storage import ROWS_TOGETHER, ArrayFile, concatenated, write_arrays, write_frame


@pytest.fixture
def files(tmp_path):
    for number in range(3):
        arrays = {"a": np.arange(4.0).reshape(2, 2) + 10 * number, "b": np.array([number]), "c": np.zeros(1)}
        write_arrays(tmp_path / f"{number}.safetensors", arrays)
    return sorted(tmp_path.iterdir())


def test_arrays_of_files_come_one_after_the_other(files):
    found = concatenated(map(ArrayFile, files), "a", "b")
    assert list(found) == ["a", "b"]
    np.testing.assert_array_equal(found["a"][:, 0], [0, 2, 10, 12, 20, 22])
    np.testing.assert_array_equal(found["b"], [0, 1, 2])


def test_no_more_than_one_file_is_open_while_they_are_put_together(files):
    opened = []

    def each():
        for path in files:
            assert all(earlier() is None for earlier in opened[:-1])
            file = ArrayFile(path)
            opened.append(weakref.ref(file))
            yield file
            del file

    found = concatenated(each(), "a")
    assert len(opened) == 3
    assert all(earlier() is None for earlier in opened)
    found["a"][:] = 0  # a copy, not the files


def test_no_files_leave_what_comes_before_them(files):
    start = {"b": np.array([7, 8])}
    assert concatenated(iter(()), "b", start=start)["b"].tolist() == [7, 8]
    assert concatenated(map(ArrayFile, files), "b", start=start)["b"].tolist() == [7, 8, 0, 1, 2]


def test_rows_of_a_table_are_encoded_some_at_a_time(tmp_path):
    table = pa.table({"id": [f"{number:07d}" for number in range(2 * ROWS_TOGETHER + 1)]})
    write_frame(tmp_path / "t.parquet", table)
    assert pq.ParquetFile(tmp_path / "t.parquet").num_row_groups == 3
    assert pq.read_table(tmp_path / "t.parquet").equals(table)
