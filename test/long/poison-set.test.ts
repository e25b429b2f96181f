import { describePoisonSet } from "../support/poison-suite.ts";

/** Other files with another seed: POISON_SEED. */
describePoisonSet(600, Number(process.env["POISON_SEED"] ?? 1));
