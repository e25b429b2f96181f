import { test } from "vitest";
import { describePoisonSet } from "../support/poison-suite.ts";

/** `POISON_FILES=600 POISON_SEED=7 npx vitest run test/long/poison-set.test.ts`: about a second a file. */
const { POISON_FILES, POISON_SEED } = process.env;

if (POISON_FILES) describePoisonSet(Number(POISON_FILES), Number(POISON_SEED ?? 1));
else test.skip("the whole poison set runs where POISON_FILES says how many");
