import { z } from "zod";
import { DomainError } from "../domain/errors.ts";
import { issuesOf } from "../domain/validate.ts";

const flag = z.stringbool().optional();

const environmentSchema = z.object({
  DATA_ROOT: z.string().min(1).optional(),
  LAKEHOUSE_TOML: z.string().min(1).optional(),
  WORKFLOW: z.enum(["embedded", "stepfunctions"]).default("embedded"),
  REQUEST_TIMEOUT_MS: z.coerce.number().int().min(100).max(900_000).optional(),
  EVENTUAL_STALENESS_MS: z.coerce.number().int().min(0).max(5_000).optional(),
  RETIRE_AFTER_MS: z.coerce.number().int().min(0).max(900_000).optional(),
  CONTAINER_MEMORY_MB: z.coerce.number().int().min(128).optional(),
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: z.coerce.number().int().positive().optional(),
  AWS_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  AWS_ALLOW_HTTP: flag,
  AWS_REGION: z.string().min(1).optional(),
});

export type Environment = z.infer<typeof environmentSchema>;

/**
 * The environment, parsed once; an empty variable counts as absent.
 * @throws ConfigInvalid naming every variable that is wrong
 */
export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): Environment {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const parsed = environmentSchema.safeParse(set);
  if (parsed.success) return parsed.data;
  const issues = issuesOf(parsed.error);
  const list = issues.map((issue) => `\n  ${issue.path}: ${issue.message}`).join("");
  throw new DomainError("ConfigInvalid", `the environment is not valid:${list}`, { issues });
}
