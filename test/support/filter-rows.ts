import {
  Bool,
  type DataType,
  DateDay,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int8,
  Int64,
  List,
  makeData,
  Table,
  type Timestamp,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  TimestampSecond,
  Uint64,
  Utf8,
  Vector,
  vectorFromArray,
} from "apache-arrow";

export type Value = string | number | bigint | boolean | null;

/** Names that SQL would read as something else. */
export const oddNames = ["select", "Upper Case", "it's", 'say "hi"', "a-b", "--x", "1st", "ünï, –", "a\\b"];

const awkward = [
  "",
  "a",
  "A",
  "'",
  "''",
  "it's",
  "x' OR '1'='1",
  "'; DROP TABLE t; --",
  "/* c */",
  "-- c",
  "\\",
  "\\'",
  "%",
  "_",
  "a%",
  "a\nb",
  "\t",
  "\u2028",
  "é",
  "e\u0301",
  "😀",
  "\uffff",
  '"',
  "`",
  "$1",
  "{x}",
  "null",
  "true",
  "0",
];

/** The second NaN is given its sign when the columns are built. */
const notFinite = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];

/** The values of every kind of column, the same rows for all; the last of each is null. */
export const columnValues = {
  text: awkward,
  int8: [-128n, -1n, 0n, 1n, 127n],
  int64: [-(2n ** 63n), -(2n ** 53n), -1n, 0n, 2n ** 53n + 1n, 2n ** 63n - 1n],
  uint64: [0n, 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n],
  float32: [0, -0, 0.1, -1.5, 3.4028234663852886e38, 1.401298464324817e-45, ...notFinite].map(Math.fround),
  float64: [
    0,
    -0,
    0.1,
    1e-320,
    5e-324,
    -1.7976931348623157e308,
    1.7976931348623157e308,
    2 ** 53,
    ...notFinite,
  ],
  flag: [true, false],
  second: [-62135596800n, -1n, 0n, 1_700_000_000n, 253402300799n],
  millisecond: [-62135596800000n, 0n, 1_700_000_000_123n],
  microsecond: [-62135596800000000n, -1n, 0n, 1_700_000_000_123_456n],
  nanosecond: [-(2n ** 63n), -1n, 0n, 1_700_000_000_123_456_789n, 2n ** 63n - 1n],
  zoned: [-1n, 0n, 1_700_000_000_123_456n],
  day: [-719162n, -1n, 0n, 19_000n, 2932896n],
} satisfies Record<string, Value[]>;

export type ColumnName = keyof typeof columnValues;
export const rowCount = awkward.length + 1;

/** What a row holds: the values go round, and every column has nulls. */
export function valueAt(column: ColumnName, row: number): Value {
  const values: Value[] = columnValues[column];
  return [...values, null][row % (values.length + 1)] ?? null;
}

type Item = string | bigint | boolean | null;

/** The same of columns of lists. */
export const listValues = {
  texts: [["a", "A"], ["a"], [], [null], ["it's", null, "%"], ["", "x' OR '1'='1", "\u2028"], ["b", "b"]],
  int64s: [[-(2n ** 63n), 0n], [], [null, 1n], [2n ** 63n - 1n, 2n ** 53n + 1n], [0n]],
  uint64s: [[0n], [2n ** 64n - 1n, 1n], [], [null]],
  int8s: [[-128n, 127n], [0n], [null, 0n], []],
  flags: [[true], [false], [true, false, null], []],
  pair: [
    [1n, 2n],
    [2n, 2n],
    [null, 1n],
  ],
} satisfies Record<string, Item[][]>;

export type ListName = keyof typeof listValues;

/** The list of a row; none where it is null. */
export function listAt(column: ListName, row: number): Item[] | null {
  const lists: Item[][] = listValues[column];
  return [...lists, null][row % (lists.length + 1)] ?? null;
}

const listTypes: Record<ListName, List | FixedSizeList> = {
  texts: listType(new Utf8()),
  int64s: listType(new Int64()),
  uint64s: listType(new Uint64()),
  int8s: listType(new Int8()),
  flags: listType(new Bool()),
  pair: new FixedSizeList(2, new Field("item", new Int64(), true)),
};

function listType(item: DataType): List {
  return new List(new Field("item", item, true));
}

const listColumn = (name: ListName) =>
  vectorFromArray(
    Array.from({ length: rowCount }, (_, row) => {
      const list = listAt(name, row);
      return name === "int8s" ? (list?.map((item) => (item === null ? null : Number(item))) ?? null) : list;
    }),
    listTypes[name],
  );

const builders: Record<ColumnName, () => Vector> = {
  text: () => vectorFromArray(valuesOf("text"), new Utf8()),
  int8: () => vectorFromArray(valuesOf("int8").map(numberOrNull), new Int8()),
  int64: () => vectorFromArray(valuesOf("int64"), new Int64()),
  uint64: () => vectorFromArray(valuesOf("uint64"), new Uint64()),
  float32: () => withNegativeNaN(vectorFromArray(valuesOf("float32"), new Float32()), "float32"),
  float64: () => withNegativeNaN(vectorFromArray(valuesOf("float64"), new Float64()), "float64"),
  flag: () => vectorFromArray(valuesOf("flag"), new Bool()),
  second: () => times(new TimestampSecond(), "second"),
  millisecond: () => times(new TimestampMillisecond(), "millisecond"),
  microsecond: () => times(new TimestampMicrosecond(), "microsecond"),
  nanosecond: () => times(new TimestampNanosecond(), "nanosecond"),
  zoned: () => times(new TimestampMicrosecond("UTC"), "zoned"),
  day: () => vectorFromArray(valuesOf("day").map(dateOrNull), new DateDay()),
};

/** The rows as an Arrow table, with ids `0`, `1`, … and the text again under every odd name. */
export function filterTable(): Table {
  const columns: Record<string, Vector> = {
    doc_id: vectorFromArray(
      Array.from({ length: rowCount }, (_, row) => String(row)),
      new Utf8(),
    ),
  };
  for (const [name, build] of Object.entries(builders)) columns[name] = build();
  for (const name of Object.keys(listValues) as ListName[]) columns[name] = listColumn(name);
  for (const name of oddNames) columns[name] = builders.text();
  const vectors = Array.from({ length: rowCount }, (_, row) => [1, row]);
  columns["vector"] = vectorFromArray(vectors, new FixedSizeList(2, new Field("item", new Float32(), true)));
  return new Table(columns);
}

const valuesOf = (column: ColumnName) => Array.from({ length: rowCount }, (_, row) => valueAt(column, row));
const numberOrNull = (value: Value) => (value === null ? null : Number(value));
const dateOrNull = (value: Value) => (value === null ? null : new Date(Number(value) * 86_400_000));

/** Every other NaN with its sign set, which orders it elsewhere. */
function withNegativeNaN(vector: Vector<Float32 | Float64>, column: ColumnName): Vector {
  const [data] = vector.data;
  const bytes = new DataView(data?.values.buffer as ArrayBuffer, data?.values.byteOffset);
  const width = column === "float32" ? 4 : 8;
  const values: Value[] = columnValues[column];
  const last = values.length - 1;
  for (let row = last; row < rowCount; row += values.length + 1)
    bytes.setUint8(row * width + width - 1, bytes.getUint8(row * width + width - 1) | 0x80);
  return vector;
}

/** Through the raw counts: Arrow's builders take milliseconds as doubles, which lose nanoseconds. */
function times(type: Timestamp, column: ColumnName): Vector {
  const values = valuesOf(column);
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 8));
  values.forEach((value, i) => {
    if (value !== null) nullBitmap[i >> 3] = (nullBitmap[i >> 3] ?? 0) | (1 << (i & 7));
  });
  const data = BigInt64Array.from(values, (value) => BigInt(value ?? 0));
  const nullCount = values.filter((value) => value === null).length;
  return new Vector([makeData({ type, length: values.length, nullCount, nullBitmap, data })]);
}
