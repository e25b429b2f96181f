import { describePoisonSet } from "../support/poison-suite.ts";

/** `POISON_FILES=2000 POISON_SEED=7` tries others. */
describePoisonSet(Number(process.env["POISON_FILES"] ?? 600), Number(process.env["POISON_SEED"] ?? 1));
