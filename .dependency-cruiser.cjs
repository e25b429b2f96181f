/** The arrows of the architecture. What a folder may import is listed; everything else is refused. */
const only = (name, from, allowed) => ({
  name,
  severity: "error",
  from: { path: from },
  to: { pathNot: allowed },
});

/** Which rooms of a folder each of them may enter; what lies in the folder itself is everybody's, or uses all of them. */
const rooms = (folder, doors, { top = false } = {}) => [
  ...Object.entries(doors).map(([room, entered]) =>
    only(`${folder}/${room}`, `^${folder}/${room}/`, [
      `^(?!${folder}/)`,
      `^${folder}/(${[room, ...entered].join("|")})/`,
      ...(top ? [] : [`^${folder}/[^/]+$`]),
    ]),
  ),
  ...(top ? [] : [only(`${folder} itself`, `^${folder}/[^/]+$`, [`^(?!${folder}/)`, `^${folder}/[^/]+$`])]),
];

module.exports = {
  forbidden: [
    ...rooms("lib/domain", {
      stored: [],
      cost: [],
      access: ["cost", "documents", "search", "text", "jobs", "values", "index", "stored"],
      text: [],
      index: ["text", "stored"],
      values: ["index"],
      source: ["values", "index"],
      embedding: ["index"],
      search: ["cost", "embedding", "text", "values", "index", "stored"],
      jobs: ["embedding", "source", "text", "index", "stored"],
      load: ["embedding", "jobs", "source", "index"],
      plan: ["embedding", "load", "jobs", "source", "text", "index", "stored"],
      build: ["plan", "jobs", "source", "text", "values", "index"],
      recall: ["plan", "jobs", "search", "values", "index"],
      documents: ["embedding", "search", "text", "values", "index", "stored"],
      publish: ["documents", "jobs", "index"],
      export: ["plan", "jobs", "index"],
    }),
    ...rooms("lib/adapters/lance", {
      rows: [],
      files: [],
      tables: ["rows"],
      exact: [],
      reading: ["exact", "rows"],
      opening: ["files"],
      replicas: ["opening", "reading", "tables", "files", "rows"],
      warm: ["opening", "replicas", "reading", "tables"],
      recall: ["replicas", "reading", "tables", "files", "exact"],
      writing: ["tables", "files"],
      documents: ["reading", "tables", "files", "rows"],
      exports: ["tables", "files"],
    }),
    ...rooms(
      "lib/adapters/parquet",
      {
        pages: [],
        wasm: ["pages"],
        footers: ["pages"],
        decoding: ["footers", "pages", "wasm"],
        threads: ["decoding", "wasm"],
        writing: ["wasm"],
      },
      { top: true },
    ),
    only("domain-imports-zod-only", "^lib/domain/", [
      "^lib/domain/",
      "^lib/config/limits\\.ts$",
      "^node_modules/zod/",
    ]),
    only("config-imports-domain", "^lib/config/", [
      "^lib/(config|domain)/",
      "^node_modules/(zod|smol-toml)/",
      "^package\\.json$",
      "^(node:)?(fs|path)$",
    ]),
    only("task-imports-domain", "^lib/task/", [
      "^lib/(task|domain)/",
      "^lib/config/limits\\.ts$",
      "^lib/telemetry\\.ts$",
      "^node_modules/(zod|@types/aws-lambda)/",
    ]),
    only("http-imports-domain", "^lib/http/", [
      "^lib/(http|domain|config)/",
      "^lib/telemetry\\.ts$",
      "^node_modules/(zod|zod-openapi|@middy|@aws-lambda-powertools|@types/aws-lambda)/",
      "^package\\.json$",
      "^(node:)?crypto$",
    ]),
    only("functions-only-wire", "^functions/", [
      "^lib/(http|task|domain)/",
      "^lib/(container|readers|warm-beforehand)\\.ts$",
      "^lib/config/versions\\.ts$",
    ]),
    {
      name: "only-adapters-reach-outside",
      severity: "error",
      from: { path: "^(lib|functions)/", pathNot: "^lib/(adapters/|(container|readers)\\.ts)" },
      to: {
        path: "node_modules/(@lancedb|@aws-sdk|apache-arrow|parquet-wasm|aws-local-stepfunctions|aws4|lru-cache|jose)/",
      },
    },
    {
      name: "adapters-are-wired-by-the-container",
      severity: "error",
      from: { path: "^(lib|functions)/", pathNot: "^lib/(adapters/|(container|readers)\\.ts)" },
      to: { path: "^lib/adapters/" },
    },
    {
      name: "adapters-serve-the-domain",
      severity: "error",
      from: { path: "^lib/adapters/" },
      to: { path: "^(lib/(http|task|(container|readers)\\.ts)|functions/)" },
    },
    {
      name: "readers-stay-light", // a search would wait for it at every cold start
      severity: "error",
      from: { path: "^(lib/readers\\.ts|functions/(search|fetch-document)\\.ts)$" },
      to: { path: "^lib/(container\\.ts|task/|adapters/(parquet|workflow)/)", reachable: true },
    },
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "no-orphans", severity: "error", from: { orphan: true, path: "^lib/" }, to: {} },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "types"] },
  },
};
