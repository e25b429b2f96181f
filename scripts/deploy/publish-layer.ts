import { createReadStream } from "node:fs";
import {
  type LambdaClient,
  type LayerVersionsListItem,
  PublishLayerVersionCommand,
  paginateListLayerVersions,
} from "@aws-sdk/client-lambda";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { Arch } from "../bundle/layer-modules.ts";
import type { LayerZip } from "../layer.ts";
import type { Aws } from "./aws.ts";

const uploadTimeoutMs = 20 * 60_000;
const folder = "deploy/layers/";
const architectures = { x64: "x86_64", arm64: "arm64" } as const;

/**
 * Publishes a layer by way of the bucket, as it is larger than a request may be. One with the same bytes is not published again.
 * @returns its ARN
 */
export async function publishLayer(
  { s3, lambda }: Aws,
  { name, bucket, zip, arch }: { name: string; bucket: string; zip: LayerZip; arch: Arch },
): Promise<{ arn: string; published: boolean }> {
  const description = `sha256 ${zip.sha256}`;
  const same = (await layerVersions(lambda, name)).find(({ Description }) => Description === description);
  if (same?.LayerVersionArn) return { arn: same.LayerVersionArn, published: false };
  const at = { Bucket: bucket, Key: `${folder}${zip.sha256}.zip` };
  const abortSignal = AbortSignal.timeout(uploadTimeoutMs);
  const body = { Body: createReadStream(zip.path), ContentLength: zip.bytes };
  await s3.send(new PutObjectCommand({ ...at, ...body }), { abortSignal, requestTimeout: uploadTimeoutMs });
  const { LayerVersionArn = "" } = await lambda.send(
    new PublishLayerVersionCommand({
      LayerName: name,
      Description: description,
      Content: { S3Bucket: at.Bucket, S3Key: at.Key },
      CompatibleRuntimes: ["nodejs24.x"],
      CompatibleArchitectures: [architectures[arch]],
    }),
  );
  await s3.send(new DeleteObjectCommand(at)); // Lambda has a copy of its own
  return { arn: LayerVersionArn, published: true };
}

/** All versions of a layer, none where there is no such layer. */
export async function layerVersions(client: LambdaClient, name: string): Promise<LayerVersionsListItem[]> {
  const versions: LayerVersionsListItem[] = [];
  for await (const page of paginateListLayerVersions({ client }, { LayerName: name }))
    versions.push(...(page.LayerVersions ?? []));
  return versions;
}
