import { join } from "node:path";
import { storesFor } from "../../lib/adapters/store/stores.ts";
import { readEnvironment } from "../../lib/config/environment.ts";
import { loadBuckets } from "../../lib/config/lakehouse.ts";
import { KeyRegistry } from "../../lib/domain/access/key-registry.ts";
import { ApiClient } from "../api-client.ts";
import { assembleLayer, zipLayer } from "../layer.ts";
import { project } from "../stack/folders.ts";
import { withLock } from "../stack/lock.ts";
import { type AskedDeployment, archOf, layerOf, stackOf } from "./asked.ts";
import { type Aws, reachAws } from "./aws.ts";
import { withAccess } from "./check-access.ts";
import { checkHealth, checkIndex } from "./check-stage.ts";
import { firstAccess } from "./first-access.ts";
import { holdParameters } from "./hold-parameters.ts";
import { publishLayer } from "./publish-layer.ts";
import { holdReserved, holdSize, quotasOf } from "./quotas.ts";
import { buildService, deployService } from "./service.ts";
import { ensureBucket } from "./stage-bucket.ts";
import { stageFolder, stageLakehouse } from "./stage-lakehouse.ts";
import { makeDeployable, servedBy } from "./stage-stack.ts";

const deployTimeoutMs = 45 * 60_000;
const lockTimeoutMs = 10_000;

/** What happens, a line at a time. */
export type Report = (line: string) => void;

/**
 * From a checkout to a stage that serves, and has been asked. Each step looks at what is there, so that it can be run again
 * whatever became of the last time.
 * @returns where the stage serves
 */
export async function deployStage(asked: AskedDeployment, report: Report): Promise<string> {
  const lock = join(stageFolder(asked.stage), "lock");
  return withLock(lock, lockTimeoutMs, () => new StageDeployment(asked, report).run());
}

class StageDeployment {
  readonly #asked: AskedDeployment;
  readonly #report: Report;

  constructor(asked: AskedDeployment, report: Report) {
    this.#asked = asked;
    this.#report = report;
  }

  async run(): Promise<string> {
    const { stage, region, bucket, params } = this.#asked;
    await holdParameters(this.#asked);
    const aws = await reachAws(region);
    const quotas = await quotasOf(aws);
    holdReserved(quotas, params);
    this.#report(`account: ${aws.account} as ${aws.arn}, ${quotas.executions} executions at a time`);
    const lakehouse = stageLakehouse(this.#asked, aws.endpoint);
    const repaired = await makeDeployable(aws, stackOf(stage));
    if (repaired) this.#report(`before: ${repaired}`);
    const { layer, unzipped } = await this.#build(lakehouse);
    holdSize(quotas, unzipped.functions, unzipped.layer);
    this.#report(`bucket: ${bucket} ${(await ensureBucket(aws, bucket, region)).join("; ")}`);
    const lanceLayerArn = await this.#publish(aws, layer);
    await this.#deploy(aws, lakehouse, lanceLayerArn);
    return this.#check(aws, lakehouse);
  }

  /** What is deployed, before anything is. */
  async #build(lakehouse: string) {
    const arch = archOf(this.#asked);
    const functions = await buildService(this.#service, lakehouse);
    const assembled = await assembleLayer(arch);
    const layer = await zipLayer(arch);
    const mb = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MB`;
    this.#report(`code: functions ${mb(functions.zippedBytes)}, layer ${mb(layer.bytes)}, zipped`);
    return { layer, unzipped: { functions: functions.bytes, layer: assembled.bytes } };
  }

  async #publish(aws: Aws, zip: Awaited<ReturnType<typeof zipLayer>>): Promise<string> {
    const { stage, bucket } = this.#asked;
    const layer = { name: layerOf(stage), bucket, zip, arch: archOf(this.#asked) };
    const { arn, published } = await publishLayer(aws, layer);
    this.#report(`layer: ${arn}, ${published ? "published" : "unchanged"}`);
    return arn;
  }

  async #deploy({ environment }: Aws, lakehouse: string, lanceLayerArn: string): Promise<void> {
    const { stage, region, auth, params } = this.#asked;
    const log = join(stageFolder(stage), "deploy.log");
    this.#report(`stack: ${stackOf(stage)}, some minutes the first time; ${log} has what Serverless says`);
    await deployService({
      stage,
      region,
      service: this.#service,
      params: { ...params, auth, lanceLayerArn },
      environment: { ...process.env, ...environment, LAKEHOUSE_TOML: lakehouse },
      log,
      timeoutMs: deployTimeoutMs,
    });
  }

  async #check(aws: Aws, lakehouse: string): Promise<string> {
    const { stage, auth } = this.#asked;
    const served = await servedBy(aws, stackOf(stage), this.#asked);
    const primary = primaryOf(aws, lakehouse);
    const registry = new KeyRegistry(primary, { now: () => Date.now() });
    const first = await firstAccess(registry, auth, aws.arn);
    if (first) this.#report(`access: ${first}`);
    await checkHealth(new ApiClient(served.api));
    await withAccess({ aws, registry, primary }, this.#asked, async (authorize) => {
      if (!authorize)
        return this.#report("check: it answers; DEPLOY_TOKEN was not set, so nothing else was asked");
      const at = (url: string) => new ApiClient(url, authorize);
      await checkIndex({ api: at(served.api), search: at(served.search) }, primary);
      this.#report("check: migrated, searched, fetched and dropped an index of examples/words");
    });
    return served.api;
  }

  get #service(): string {
    return join(stageFolder(this.#asked.stage), "service");
  }
}

/** The bucket of the stage's data, as its functions reach it. */
function primaryOf({ environment }: Aws, lakehouse: string) {
  const variables = {
    ...process.env,
    ...environment,
    AWS_ENDPOINT: "",
    LAKEHOUSE_AUTH: "",
    LAKEHOUSE_TOML: lakehouse,
  };
  return storesFor(loadBuckets(readEnvironment(variables), project))("primary");
}
