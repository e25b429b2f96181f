import type { Template } from "../../scripts/bundle/package-stage.ts";
import type { AwsCall } from "./aws-calls.ts";

/** One action on one pattern of resources, as a role has it. */
export interface Right {
  effect: "Allow" | "Deny";
  action: string;
  resource: string;
}

interface Statement {
  Effect: "Allow" | "Deny";
  Action: string | string[];
  Resource: unknown;
  Condition?: unknown;
}

interface Policy {
  PolicyDocument: { Statement: Statement[] };
}

/** All that the role of a function says, its own policies and those that it shares. */
export function rightsOf(template: Template, logicalId: string): Right[] {
  const { Role } = (template.Resources[logicalId]?.Properties ?? {}) as { Role?: { "Fn::GetAtt": [string] } };
  const role = Role?.["Fn::GetAtt"][0] ?? "";
  const { Policies, ManagedPolicyArns } = template.Resources[role]?.Properties ?? {};
  const shared = ((ManagedPolicyArns ?? []) as { Ref: string }[]).map(
    ({ Ref }) => template.Resources[Ref]?.Properties,
  );
  return ([...(Policies as Policy[]), ...shared] as Policy[]).flatMap(({ PolicyDocument }) =>
    PolicyDocument.Statement.flatMap(rightsIn),
  );
}

function rightsIn({ Effect, Action, Resource, Condition }: Statement): Right[] {
  if (Condition !== undefined) throw new Error("conditions are not looked at");
  return [Action]
    .flat()
    .flatMap((action) =>
      [Resource].flat().map((resource) => ({ effect: Effect, action, resource: resolved(resource) })),
    );
}

/** As CloudFormation makes it for LocalStack's account. */
const resolved = (resource: unknown) =>
  ((resource as { "Fn::Sub"?: string })["Fn::Sub"] ?? `${resource}`)
    .replaceAll(/\$\{AWS::Partition\}/g, "aws")
    .replaceAll(/\$\{AWS::Region\}/g, "us-east-1")
    .replaceAll(/\$\{AWS::AccountId\}/g, "000000000000");

/** As IAM decides: what is denied is denied, what is not allowed is not, either. */
export function isAllowed(rights: Right[], call: AwsCall): boolean {
  const said = rights.filter((right) => covers(right, call));
  return said.length > 0 && said.every(({ effect }) => effect === "Allow");
}

export const covers = ({ action, resource }: Right, call: AwsCall) =>
  matches(action, call.action) && matches(resource, call.resource);

/** `*` stands for any characters, slashes among them, and `?` for one. */
function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(text);
}
