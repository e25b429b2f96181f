import { describePoisonSet } from "../support/poison-suite.ts";

/** Of the set in test/long, as many as take about a minute: four of each kind of damage. */
describePoisonSet(64, 1);
