import { expect, test } from "vitest";
import {
  checkovFindings,
  lintFindings,
  nagFindings,
  wrongWith,
} from "../../scripts/cloudformation/findings.ts";

test("a finding that is not accepted is wrong, and so is one that is accepted and has gone", () => {
  const found = [
    { rule: "A1", about: "Bucket: is public" },
    { rule: "A2", about: "Role: is wide" },
  ];
  expect(wrongWith(found, { A1: "a reason", A2: "another" })).toEqual([]);
  expect(wrongWith(found, { A1: "a reason", A3: "of something that is no more" })).toEqual([
    "A2 Role: is wide",
    "A3 is accepted, and no longer found: take it out of accepted-findings.ts",
  ]);
});

test("what checkers write is read, and what is no report is not taken for nothing found", () => {
  const failed = [{ check_id: "CKV_AWS_1", check_name: "is wide", resource: "AWS::IAM::Role.R" }];
  const report = { results: { failed_checks: failed }, summary: { parsing_errors: 0 } };
  expect(checkovFindings(JSON.stringify(report))).toEqual([
    { rule: "CKV_AWS_1", about: "AWS::IAM::Role.R: is wide" },
  ]);
  for (const none of ["", "{}", '{"passed":0,"failed":0,"resource_count":0}'])
    expect(() => checkovFindings(none)).toThrow(/checkov/);
  expect(() => checkovFindings(JSON.stringify({ ...report, summary: { parsing_errors: 1 } }))).toThrow();
  const match = { Rule: { Id: "W3005" }, Message: "obsolete", Location: { Path: ["Resources", "R"] } };
  expect(lintFindings(JSON.stringify([match]))).toEqual([{ rule: "W3005", about: "Resources/R: obsolete" }]);
  expect(lintFindings("[]")).toEqual([]);
  expect(() => lintFindings("")).toThrow(/cfn-lint/);
});

test("what cdk-nag finds is told by its rule, whatever right it is about", () => {
  const violation = {
    ruleName: "IAM5[Action::s3:*]",
    violatingConstructs: [{ constructPath: "stage/Role" }],
  };
  const report = { pluginReports: [{ violations: [violation] }, { violations: [] }] };
  expect(nagFindings(JSON.stringify(report))).toEqual([
    { rule: "IAM5", about: "stage/Role: IAM5[Action::s3:*]" },
  ]);
  for (const none of ["", "{}", JSON.stringify({ pluginReports: [{ violations: [] }] })])
    expect(() => nagFindings(none)).toThrow(/cdk-nag/);
});
