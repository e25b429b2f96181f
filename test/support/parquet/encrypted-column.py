"""Writes encrypted-column.parquet: the column `secret` is encrypted under its own key, the footer is not."""

import base64
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe


class Kms(pe.KmsClient):
    def __init__(self):
        pe.KmsClient.__init__(self)

    def wrap_key(self, key, _):
        return base64.b64encode(key)

    def unwrap_key(self, key, _):
        return base64.b64decode(key)


configuration = pe.EncryptionConfiguration(
    footer_key="footer", column_keys={"column": ["secret"]}, plaintext_footer=True
)
properties = pe.CryptoFactory(lambda _: Kms()).file_encryption_properties(
    pe.KmsConnectionConfig(), configuration
)
vectors = pa.FixedSizeListArray.from_arrays(pa.array([1, 0, 0, 1], pa.float32()), 2)
rows = pa.table({"id": ["a", "b"], "secret": ["x", "y"], "vector": vectors})
path = pathlib.Path(__file__).with_suffix(".parquet")
pq.write_table(rows, path, encryption_properties=properties)
