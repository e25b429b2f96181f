/** What a checker found in a template. */
export interface Finding {
  rule: string;
  /** Where, and what. */
  about: string;
}

/** @param stdout of `cfn-lint --format json`. @throws where it is none */
export function lintFindings(stdout: string): Finding[] {
  type Match = { Rule: { Id: string }; Message: string; Location?: { Path?: unknown[] | null } };
  return (parsed(stdout, "cfn-lint") as Match[]).map(({ Rule, Message, Location }) => ({
    rule: Rule.Id,
    about: `${(Location?.Path ?? []).join("/")}: ${Message}`,
  }));
}

/** @param stdout of `checkov --output json`. @throws where it is none, or where it could not read the template */
export function checkovFindings(stdout: string): Finding[] {
  type Failed = { check_id: string; check_name: string; resource: string };
  type Report = { results?: { failed_checks: Failed[] }; summary?: { parsing_errors: number } };
  const { results, summary } = parsed(stdout, "checkov") as Report;
  if (!results || summary?.parsing_errors !== 0) throw new Error("checkov could not read the template");
  return results.failed_checks.map(({ check_id, check_name, resource }) => ({
    rule: check_id,
    about: `${resource}: ${check_name}`,
  }));
}

/** @param report of cdk-nag. @throws where it is none of two packs */
export function nagFindings(report: string): Finding[] {
  type Violation = { ruleName: string; violatingConstructs: { constructPath: string }[] };
  type Report = { pluginReports?: { violations: Violation[] }[] };
  const { pluginReports = [] } = parsed(report, "cdk-nag") as Report;
  if (pluginReports.length !== 2) throw new Error("cdk-nag did not report on both of its packs");
  return pluginReports
    .flatMap(({ violations }) => violations)
    .flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => ({
        rule: ruleName.replace(/\[.*/s, ""), // what follows is the right that it is about
        about: `${constructPath}: ${ruleName}`,
      })),
    );
}

/**
 * What is not accepted, and what is accepted and was not found: its reason has gone, and would hide the next.
 * @param accepted reasons, by rule
 */
export function wrongWith(found: Finding[], accepted: Record<string, string>): string[] {
  const rules = new Set(found.map(({ rule }) => rule));
  return [
    ...found.filter(({ rule }) => !(rule in accepted)).map(({ rule, about }) => `${rule} ${about}`),
    ...Object.keys(accepted)
      .filter((rule) => !rules.has(rule))
      .map((rule) => `${rule} is accepted, and no longer found: take it out of accepted-findings.ts`),
  ];
}

function parsed(stdout: string, name: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch (error) {
    throw new Error(`${name} wrote no JSON: ${stdout.slice(0, 2_000)}`, { cause: error });
  }
}
