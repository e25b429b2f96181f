"""Writes duckdb-arrays.parquet, by DuckDB 1.1.3, whose arrays look like lists of structs."""

import pathlib

import duckdb

path = pathlib.Path(__file__).parent / "duckdb-arrays.parquet"
rows = "values ('a', [1, 2]::float[2], ['x', 'y']::varchar[2]), ('b', [3, 4]::float[2], null)"
duckdb.execute(f"copy (select * from ({rows}) t(id, vector, tags)) to '{path}' (format parquet)")
