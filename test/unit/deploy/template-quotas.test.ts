import { createRequire } from "node:module";
import { expect, test } from "vitest";

/** How Serverless makes a plugin, and calls it as a template is whole. */
type Plugin = new (
  serverless: object,
  options: object,
  tools: object,
) => { hooks: Record<string, () => void> };
const TemplateQuotas = createRequire(import.meta.url)("../../../deploy/template-quotas.cjs") as Plugin;

const several = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`R${i}`, {}]));

function packaged(template: object): string {
  let noticed = "";
  const log = { notice: (line: string) => (noticed += line) };
  const service = { provider: { compiledCloudFormationTemplate: template } };
  const { hooks } = new TemplateQuotas({ service }, {}, { log });
  hooks["before:aws:package:finalize:saveServiceState"]?.();
  return noticed;
}

test("packaging tells how near a template is to what CloudFormation takes", () => {
  expect(packaged({ Resources: several(500), Outputs: several(3) })).toMatch(
    /^template: 500 of 500 resources, 3 of 200 outputs, \d+ of 1048576 bytes$/,
  );
});

test("a template that CloudFormation would refuse is refused as it is packaged, with how much of what and what takes it", () => {
  expect(() => packaged({ Resources: several(501), Outputs: {} })).toThrow(
    /would have 501 resources, of which CloudFormation takes 500: each of searchShards takes/,
  );
  expect(() => packaged({ Resources: {}, Outputs: several(201) })).toThrow(/201 outputs/);
  expect(() => packaged({ Resources: { R: "x".repeat(1_048_576) } })).toThrow(/bytes, of which/);
});
