import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packRelease } from "./release/pack-release.ts";

/** `npm run test:upgrade -- REF [FILE]`: the tests of an upgrade from any commit that this clone has, instead of the kept release. */
const [ref, file = "upgrade.test.ts"] = process.argv.slice(2);
if (!ref) {
  console.error(
    "npm run test:upgrade -- REF [test/integration/upgrade.test.ts or test/store/upgrade.test.ts]",
  );
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "upgrade-"));
const packed = join(folder, "release.tar.br");
try {
  const { version, commit, bytes } = packRelease(ref);
  console.log(`From ${version}, commit ${commit.slice(0, 7)}`);
  writeFileSync(packed, bytes);
  const env = { ...process.env, UPGRADE_FROM: packed };
  process.exitCode = spawnSync("vitest", ["run", file], { env, stdio: "inherit" }).status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
