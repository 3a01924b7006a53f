"""Ray Data: a stateful class for `map_batches`."""

from __future__ import annotations

from typing import Any

from boilerstrip.integrations._columns import Columns
from boilerstrip.integrations._extras import extra

with extra("ray", "ray", "pyarrow"):
    import pyarrow as pa
    from ray.data import Dataset

__all__ = ["Strip", "strip_column"]

ROWS = 1_000  # of a batch


class Strip:
    """Adds a column of structs to a batch: text, title, verdict, confidence, page_type and error. An actor makes one, and
    loads the model once.

    Args:
        column: the column of raw texts or HTML, string or binary.
        into: the name of the new column.
        url: the column of the pages' addresses, if there is one.
        options: as of `boilerstrip.Stripper`.
    """

    def __init__(self, column: str = "text", *, into: str = "story", url: str | None = None, **options: Any) -> None:
        self.column, self.into, self.url = column, into, url
        self._columns = Columns(**options)

    def __call__(self, batch: pa.Table) -> pa.Table:
        return batch.append_column(self.into, self._columns.structs(batch[self.column], None if self.url is None else batch[self.url]))


def strip_column(dataset: Dataset, column: str = "text", *, into: str = "story", url: str | None = None, workers: int | tuple[int, int] = 1,
                 **options: Any) -> Dataset:
    """`dataset.map_batches(Strip, …)`: the dataset with one column more.

    Args:
        column, into, url, options: as of `Strip`.
        workers: actors, of one core each, or the fewest and the most.

    Raises:
        TypeError, ValueError: for options that cannot be used, before anything runs.
    """
    Strip(column, into=into, url=url, **options)
    return dataset.map_batches(Strip, fn_constructor_args=(column,), fn_constructor_kwargs={"into": into, "url": url, **options},
                               batch_size=ROWS, batch_format="pyarrow", concurrency=workers, num_cpus=1)
