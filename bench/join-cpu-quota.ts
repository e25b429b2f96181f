import { writeFileSync } from "node:fs";

/** Imported before anything else by processes that have a part of the processors. */
writeFileSync(process.env["CPU_QUOTA"] ?? "", String(process.pid));
