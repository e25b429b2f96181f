"""The same work as the benchmark's, by pylance and pyarrow. Prints one line of JSON.

Sources and tables lie in folders, or on the store that PEER_STORAGE_OPTIONS tells how to reach.

peer.py migrate SOURCE TARGET LAYOUT
peer.py build TABLE METRIC PARAMETERS-AS-JSON
peer.py search TABLE QUERIES-AS-FLOAT32 DIMENSION SETTINGS-AS-JSON
"""

import json
import os
import resource
import shutil
import sys
import time

import lance
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

BATCH_ROWS = 10_000
WARM_UPS = 50
STORAGE_OPTIONS = json.loads(os.environ.get("PEER_STORAGE_OPTIONS", "{}"))


def store():
    scheme, endpoint = STORAGE_OPTIONS["aws_endpoint"].split("://")
    return fs.S3FileSystem(
        access_key=STORAGE_OPTIONS["aws_access_key_id"],
        secret_key=STORAGE_OPTIONS["aws_secret_access_key"],
        region=STORAGE_OPTIONS["aws_region"],
        endpoint_override=endpoint,
        scheme=scheme,
    )


def open_parquet(source):
    if not source.startswith("s3://"):
        return pq.ParquetFile(source)
    return pq.ParquetFile(store().open_input_file(source[len("s3://") :]), pre_buffer=True)


def remove(table):
    if table.startswith("s3://"):
        store().delete_dir(table[len("s3://") :])
    else:
        shutil.rmtree(table)


def open_table(table):
    return lance.dataset(table, storage_options=STORAGE_OPTIONS)


def migrate(source, target, layout):
    started = time.perf_counter()
    file = open_parquet(source)
    stored = file.schema_arrow
    dimension = dimension_of(file, layout)
    vectors = pa.list_(pa.float32(), dimension)
    fields = [pa.field(f.name, vectors) if f.name == "vector" else f for f in stored]

    def batches():
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            columns = [
                fixed(column, layout, dimension) if name == "vector" else column
                for name, column in zip(batch.schema.names, batch.columns)
            ]
            yield pa.record_batch(columns, schema=pa.schema(fields))

    reader = pa.RecordBatchReader.from_batches(pa.schema(fields), batches())
    lance.write_dataset(reader, target, storage_options=STORAGE_OPTIONS)
    ms = (time.perf_counter() - started) * 1_000
    remove(target)
    return {"ms": ms, "peakRssBytes": peak_rss()}


def peak_rss():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def dimension_of(file, layout):
    first = next(file.iter_batches(batch_size=1, columns=["vector"])).column(0)
    return len(first[0].as_py()) // (4 if layout == "binary" else 1)


def fixed(column, layout, dimension):
    if layout == "fixed_size_list":
        return column
    if layout == "list":
        return pa.FixedSizeListArray.from_arrays(column.flatten(), dimension)
    _, offsets, data = column.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)[column.offset : column.offset + len(column) + 1]
    values = data.slice(int(ends[0]), int(ends[-1] - ends[0]))
    floats = pa.Array.from_buffers(pa.float32(), len(column) * dimension, [None, values])
    return pa.FixedSizeListArray.from_arrays(floats, dimension)


def build(table, metric, parameters):
    given = json.loads(parameters)
    dataset = open_table(table)
    started = time.perf_counter()
    dataset.create_index(
        "vector",
        "IVF_PQ",
        metric=metric,
        num_partitions=given["numPartitions"],
        num_sub_vectors=given["numSubVectors"],
        num_bits=given["numBits"],
        max_iters=given["maxIterations"],
        sample_rate=given["sampleRate"],
        replace=True,
    )
    return {"ms": (time.perf_counter() - started) * 1_000}


def search(table, queries, dimension, settings):
    given = json.loads(settings)
    names = {"nprobes": "nprobes", "refineFactor": "refine_factor", "ef": "ef"}
    options = {names[name]: value for name, value in given.items()}
    dataset = open_table(table)
    vectors = np.fromfile(queries, dtype=np.float32).reshape(-1, int(dimension))

    def nearest(vector):
        query = {"column": "vector", "q": vector, "k": 10, "metric": "cosine", **options}
        return dataset.to_table(nearest=query, columns=["doc_id", "chunk_text", "_distance"]).to_pylist()

    for vector in vectors[:WARM_UPS]:
        nearest(vector)
    times, found = [], []
    for vector in vectors:
        started = time.perf_counter()
        rows = nearest(vector)
        times.append((time.perf_counter() - started) * 1_000)
        found.append([row["doc_id"] for row in rows])
    return {"times": times, "found": found}


if __name__ == "__main__":
    commands = {"migrate": migrate, "build": build, "search": search}
    print(json.dumps(commands[sys.argv[1]](*sys.argv[2:])))
