import { readFileSync, writeFileSync } from "node:fs";
import { readmeWithTables } from "./readme-tables.ts";

writeFileSync("README.md", readmeWithTables(readFileSync("README.md", "utf8")));
