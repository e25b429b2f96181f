"""Writes column-types.parquet and int96.parquet: of each type the least value, one between, the greatest, and null.

    python test/support/parquet/column-types.py     (pyarrow 26)
"""

import datetime as dt
import pathlib
from decimal import Context, Decimal

import pyarrow as pa
import pyarrow.parquet as pq

here = pathlib.Path(__file__).parent
exact = Context(prec=80)
least64, greatest64 = -(2**63), 2**63 - 1


def vectors(rows):
    return pa.FixedSizeListArray.from_arrays(pa.array([float(i) for i in range(1, 2 * rows + 1)], pa.float32()), 2)


def column(type, least, between, greatest):
    return pa.array([least, between, greatest, None], type)


def counts(type, storage, least, between, greatest):
    return pa.Array.from_buffers(
        type, 4, column(storage, least, between, greatest).buffers()
    )


def decimals(type, *values):
    return column(type, *(exact.create_decimal(value) for value in values))


def lists(array):
    offsets = pa.array([0, 1, 3, 3, 3], pa.int32())
    return pa.ListArray.from_arrays(offsets, array.slice(0, 3), mask=pa.array([False, False, False, True]))


i64, i32 = pa.int64(), pa.int32()
columns = {
    "ts_ms": counts(pa.timestamp("ms"), i64, least64, 1_735_689_600_123, greatest64),
    "ts_us": counts(pa.timestamp("us"), i64, least64, 1_735_689_600_123_456, greatest64),
    "ts_ns": counts(pa.timestamp("ns"), i64, least64, 1_735_689_600_123_456_789, greatest64),
    "ts_zone": counts(pa.timestamp("us", "America/New_York"), i64, -62_135_596_800_000_000, 0, 253_402_300_799_999_999),
    "day": counts(pa.date32(), i32, -(2**31), 19_782, 2**31 - 1),
    "time_ms": counts(pa.time32("ms"), i32, 0, 45_296_789, 86_399_999),
    "time_us": counts(pa.time64("us"), i64, 0, 45_296_789_012, 86_399_999_999),
    "time_ns": counts(pa.time64("ns"), i64, 0, 45_296_789_012_345, 86_399_999_999_999),
    "dur_s": counts(pa.duration("s"), i64, least64, 90, greatest64),
    "dur_ns": counts(pa.duration("ns"), i64, least64, 90_500_000_000, greatest64),
    "dec_short": decimals(pa.decimal128(9, 2), "-9999999.99", "0.10", "9999999.99"),
    "dec_128": decimals(pa.decimal128(38, 10), "-" + "9" * 28 + "." + "9" * 10, "12345678901234567.0000000001", "9" * 28 + "." + "9" * 10),
    "dec_256": decimals(pa.decimal256(76, 20), "-" + "9" * 56 + "." + "9" * 20, "0." + "0" * 19 + "1", "9" * 56 + "." + "9" * 20),
    "int8": column(pa.int8(), -128, 0, 127),
    "int64": column(i64, least64, 2**53 + 1, greatest64),
    "uint64": column(pa.uint64(), 0, 2**53 + 1, 2**64 - 1),
    "half": column(pa.float16(), float("-inf"), 0.0999755859375, 65_504.0),
    "float": column(pa.float32(), -3.4028234663852886e38, 0.1, float("inf")),
    "double": column(pa.float64(), float("-inf"), 0.1, 1.7976931348623157e308),
    "flag": pa.array([False, True, True, None]),
    "text": column(pa.string(), "", "a", "\U0001f331"),
    "kind": column(pa.string(), "a", "b", "c"),
    "category": column(pa.string(), "x", "y", "z").dictionary_encode(),
    "bytes": column(pa.binary(), b"", b"\x00", b"\xff"),
    "uuid": column(pa.binary(16), bytes(16), bytes(range(16)), b"\xff" * 16).cast(pa.uuid()),
    "nothing": pa.nulls(4),
}
columns |= {
    "list_ts": lists(columns["ts_us"]),
    "list_day": lists(columns["day"]),
    "list_time": lists(columns["time_us"]),
    "list_dur": lists(columns["dur_s"]),
    "list_dec": lists(columns["dec_128"]),
    "list_half": lists(columns["half"]),
    "list_category": lists(pa.DictionaryArray.from_arrays(pa.array([0, 1, 0, None], pa.int8()), ["x", "y"])),
    "list_nothing": pa.array([[None], [], [None, None], None], pa.list_(pa.null())),
    "pair_ts": pa.FixedSizeListArray.from_arrays(pa.array([0, 1, 2, 3, 4, 5, 6, 7], pa.timestamp("ms")), 2),
}
table = pa.table({"id": ["a", "b", "c", "n"], "vector": vectors(4), **columns})
pq.write_table(table, here / "column-types.parquet", compression="zstd")
path = here / "column-types.parquet"
# no Python library writes ENUM: the annotation of `kind` becomes it
string, enum = (b"\x18\x04kind\x25" + one for one in (b"\x00\x4c\x1c", b"\x08\x4c\x4c"))
written = path.read_bytes()
assert written.count(string) == 1
path.write_bytes(written.replace(string, enum))

instants = column(
    pa.timestamp("us"), dt.datetime(1, 1, 1), dt.datetime(2025, 1, 1, 0, 0, 0, 123456), dt.datetime(9999, 12, 31, 23, 59, 59)
)
table = pa.table({"id": ["a", "b", "c", "n"], "vector": vectors(4), "at": instants, "list_at": lists(instants)})
# as Spark writes: nothing says what was meant
pq.write_table(table, here / "int96.parquet", use_deprecated_int96_timestamps=True, store_schema=False)
fine = column(pa.timestamp("ns"), 1, 1_735_689_600_123_456_789, 2)
table = pa.table({"id": ["a", "b", "c", "n"], "vector": vectors(4), "at": fine})
pq.write_table(table, here / "int96-nanoseconds.parquet", use_deprecated_int96_timestamps=True, store_schema=True)
pq.write_table(table, here / "int96-too-fine.parquet", use_deprecated_int96_timestamps=True, store_schema=False)

# vectors that are made of something else than floats in a list, one file each
ids = pa.array(["a", "b", "c"])
spark = pa.struct([("type", pa.int8()), ("size", pa.int32()), ("indices", pa.list_(pa.int32())), ("values", pa.list_(pa.float64()))])
dense = [{"type": 1, "values": [1.5, -2.0]}, {"type": 1, "values": [0.0, 4.0]}]
sparse = {"type": 0, "size": 2, "indices": [1], "values": [3.0]}
features = {
    "vectors-int8": ("embedding", pa.array([[1, -128], [3, 127], [5, 6]], pa.list_(pa.int8()))),
    "vectors-spark": ("features", pa.array([*dense, {"type": 1, "values": [5.0, 6.0]}], spark)),
    "vectors-spark-sparse": ("features", pa.array([*dense, sparse], spark)),
    "vectors-struct": ("v", pa.array([{"values": [1.0, 2.0]}, {"values": [3.0, 4.0]}, {"values": [5.0, 6.0]}])),
}
sparse_values = pa.array([{"indices": [1], "values": [0.5]}] * 3)
for name, (vector, values) in features.items():
    table = pa.table({"id": ids, vector: values, "sparse_values": sparse_values})
    pq.write_table(table, here / f"{name}.parquet", store_schema=False)
