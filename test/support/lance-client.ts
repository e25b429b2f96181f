import { connect, type Table } from "@lancedb/lancedb";
import type { S3Lakehouse, S3Place } from "./s3-lakehouse.ts";

/** Does something to a generation of a lakehouse as any LanceDB client can, who knows nothing of this project. */
export async function asLanceClient(
  { name }: S3Lakehouse,
  { endpoint, credentials }: S3Place,
  { index, generation }: { index: string; generation: string },
  work: (table: Table) => Promise<unknown>,
): Promise<void> {
  const connection = await connect(`s3://${name}/lance/${index}`, {
    storageOptions: {
      aws_endpoint: endpoint,
      allow_http: "true",
      aws_region: "us-east-1",
      aws_access_key_id: credentials.accessKeyId,
      aws_secret_access_key: credentials.secretAccessKey,
    },
  });
  const table = await connection.openTable(generation);
  await work(table);
  table.close();
  connection.close();
}
