import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import {
  knownIn,
  readAudit,
  readSignatures,
  reasonIn,
  told,
  type WrittenDown,
} from "../../scripts/dependencies/advisories.ts";
import { withoutHash } from "../../scripts/dependencies/hashes.ts";
import { refusedLicences } from "../../scripts/dependencies/licences.ts";
import { deployedSbom, type Sbom } from "../../scripts/dependencies/sbom.ts";

const component = (name: string, version: string, licence?: string) => ({
  ...{ "bom-ref": `${name}@${version}`, name, version },
  ...(licence === undefined ? {} : { licenses: [{ license: { id: licence } }] }),
});

test("licences are allowed by name, of a choice one, of several all", () => {
  const of = (licence: string | undefined, deployed = false) =>
    refusedLicences([component("one", "1.0.0", licence)], new Set(deployed ? ["one@1.0.0"] : []));
  for (const licence of ["MIT", "MIT OR GPL-3.0-only", "(MIT AND Apache-2.0)"])
    expect(of(licence)).toEqual([]);
  expect(of("GPL-3.0-only")).toEqual(["one@1.0.0: GPL-3.0-only"]);
  expect(of("MIT AND LGPL-3.0-or-later")).toEqual(["one@1.0.0: MIT AND LGPL-3.0-or-later"]);
  expect(of(undefined, true)).toEqual(["one@1.0.0: tells none"]);
});

test("what nobody installs may have a licence that what is deployed may not", () => {
  const image = component("@img/sharp-libvips-linux-x64", "1.0.4", "LGPL-3.0-or-later");
  expect(refusedLicences([image], new Set())).toEqual([]);
  expect(refusedLicences([image], new Set(["@img/sharp-libvips-linux-x64@1.0.4"]))).toHaveLength(1);
});

test("an advisory that is written down is found in the lock file by version, under whatever path", async () => {
  const { advisories } = await writtenDown();
  const locked = {
    "node_modules/tar": { version: "6.2.0" },
    "node_modules/x/node_modules/semver": { version: "7.5.1" },
    "node_modules/semver": { version: "7.5.2" },
    "node_modules/alias": { name: "ws", version: "8.17.0" },
    "node_modules/tarred": { version: "1.0.0" },
  };
  expect(knownIn(locked, advisories).map((one) => one.replace(/:.*\(/, " ("))).toEqual([
    "tar@6.2.0 (GHSA-f5x3-32g6-xq36)",
    "tar@6.2.0 (GHSA-83g3-92jg-28cx)",
    "tar@6.2.0 (GHSA-9ppj-qmqm-q256)",
    "tar@6.2.0 (GHSA-r292-9mhp-454m)",
    "semver@7.5.1 (GHSA-c2qf-rxjj-qqgw)",
    "ws@8.17.0 (GHSA-3h5v-q93c-6h6q)",
  ]);
  const { packages } = JSON.parse(await readFile("package-lock.json", "utf8"));
  expect(knownIn(packages, advisories)).toEqual([]);
});

const writtenDown = async (): Promise<WrittenDown> =>
  JSON.parse(await readFile("scripts/dependencies/known-advisories.json", "utf8"));

test("each advisory that is written down is one, has a range, and says where that was read", async () => {
  const { validRange } = createRequire(import.meta.url)("semver") as { validRange(range: string): unknown };
  const { readOn, advisories } = await writtenDown();
  expect(readOn).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  expect(new Set(advisories.map(({ id }) => id)).size).toBe(advisories.length);
  for (const { id, vulnerable, read } of advisories) {
    expect(id).toMatch(/^GHSA(-[2-9cfghjmpqrvwx]{4}){3}$/);
    expect([id, validRange(vulnerable)]).not.toEqual([id, null]);
    expect(["record", "copy", "quoted"], id).toContain(read);
  }
});

test("the check says how much is written down, when it was read, and that it is no list of all", () => {
  const advisory = { id: "GHSA-1", package: "tar", vulnerable: "<1", title: "a", read: "record" as const };
  const written = { readOn: "2026-11-28", advisories: [advisory, { ...advisory, read: "quoted" as const }] };
  expect(told(written, [])).toBe(
    "advisories that are written down: 2 of 1 packages, read on 2026-11-28 (1 in their records, 0 in copies of these, 1 as others quote them), 0 found; of later ones and of other packages they tell nothing",
  );
});

test("every package has a hash that it is compared with, but for native ones of other platforms", async () => {
  const linux = { version: "1.0.0", optional: true, os: ["linux"] };
  const locked = {
    "": {},
    "node_modules/hashed": { version: "1.0.0", integrity: "sha512-x" },
    "node_modules/bare": { version: "1.0.0" },
    "node_modules/needed": { version: "1.0.0", os: ["darwin"] },
    "node_modules/here": { ...linux, cpu: ["x64"], libc: ["glibc"] },
    "node_modules/musl": { ...linux, cpu: ["x64"], libc: ["musl"] },
    "node_modules/arm": { ...linux, cpu: ["arm64"] },
  };
  expect(withoutHash(locked)).toEqual({
    refused: ["bare@1.0.0", "needed@1.0.0", "here@1.0.0"],
    elsewhere: ["musl@1.0.0", "arm@1.0.0"],
  });
  const { packages } = JSON.parse(await readFile("package-lock.json", "utf8"));
  expect(withoutHash(packages).refused).toEqual([]);
});

test("what the registry finds is told, and no refusal of it is taken for nothing found", () => {
  const report = JSON.stringify({
    auditReportVersion: 2,
    vulnerabilities: {
      tar: { severity: "high", range: "<6.2.1" },
      vega: { severity: "low", range: "<5" },
    },
  });
  expect(readAudit(report)).toEqual({ found: ["tar <6.2.1: high", "vega <5: low"] });
  expect(readAudit(report, ["high", "critical"])).toEqual({ found: ["tar <6.2.1: high"] });
  expect(readAudit('{"auditReportVersion":2,"vulnerabilities":{}}')).toEqual({ found: [] });
  for (const answer of [
    "",
    "{}",
    "null",
    '{"error":{"code":"EAUDIT"}}',
    '{"message":"405 Method Not Allowed"}',
  ])
    expect(readAudit(answer)).toBeUndefined();
  expect(reasonIn('{"message":"405 Method Not Allowed - POST https://registry.example/-/npm/v1"}')).toBe(
    "405 Method Not Allowed",
  );
  expect(reasonIn("")).toBe("it answered nothing");
  expect(readSignatures('{"invalid":[{"name":"x","version":"1.0.0"}],"missing":[]}')).toEqual({
    found: ["x@1.0.0: its signature is wrong"],
  });
  for (const answer of ["", "{}", "null"]) expect(readSignatures(answer)).toBeUndefined();
});

test("the SBOM of what is deployed has that alone, by the project's own name, and misses none of it", () => {
  const sbom: Sbom = {
    specVersion: "1.5",
    metadata: { component: { ...component("own", "0.1.0"), name: "folder" } },
    components: [component("a", "1.0.0"), component("b", "2.0.0")],
    dependencies: [{ ref: "own@0.1.0", dependsOn: ["a@1.0.0", "b@2.0.0"] }, { ref: "b@2.0.0" }],
  };
  const made = deployedSbom(sbom, new Set(["a@1.0.0"]));
  expect(made.metadata.component.name).toBe("own");
  expect(made.components.map(({ name }) => name)).toEqual(["a"]);
  expect(made.dependencies).toEqual([{ ref: "own@0.1.0", dependsOn: ["a@1.0.0"] }]);
  expect(() => deployedSbom(sbom, new Set(["c@1.0.0"]))).toThrow(/c@1\.0\.0/);
});
