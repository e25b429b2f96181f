# Writes uuids.parquet: UUIDs as id and as another column, and 16 bytes that are none. Needs pyarrow 26.
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import pyarrow as pa
import pyarrow.parquet as pq

rows = 60
ids = [uuid5(NAMESPACE_URL, str(row)).bytes for row in range(rows)]
uuids = lambda values: pa.array(values, pa.binary(16)).cast(pa.uuid())
table = pa.table({
    "n": pa.array([row % 3 for row in range(rows)], pa.int32()),
    "id": uuids(ids),
    "parent": uuids([None if row % 2 else ids[row // 2] for row in range(rows)]),
    "digest": pa.array(ids, pa.binary(16)),
    "vector": pa.array([[float(row), 1.0] for row in range(rows)], pa.list_(pa.float32())),
})
pq.write_table(table, Path(__file__).with_name("uuids.parquet"), row_group_size=30, compression="zstd")
