"""Five texts of 20 kB in 4,000 rows, by a writer that does not count the bytes of values in its footer."""
import sys
import duckdb

duckdb.sql(f"""
COPY (
  SELECT 'd' || i AS doc_id,
         repeat(chr((97 + i % 5)::INTEGER) || ' text ', 2857) AS parent_text,
         [((i * (j + 3)) % 17)::FLOAT - 8 FOR j IN range(8)] AS vector
  FROM range(4000) AS rows(i)
) TO '{sys.argv[1]}' (FORMAT parquet, COMPRESSION zstd)
""")
