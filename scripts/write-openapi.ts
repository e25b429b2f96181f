import { writeFile } from "node:fs/promises";
import { openApiDocument } from "../lib/http/openapi.ts";

await writeFile("openapi.json", `${JSON.stringify(openApiDocument(), null, 2)}\n`);
