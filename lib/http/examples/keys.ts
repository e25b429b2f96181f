import type { Examples } from "./example.ts";

export const createKeyExamples: Examples = {
  tenant: {
    summary: "For one tenant's documents of an index, which are all that there are for it",
    value: {
      name: "team a",
      grants: [{ actions: ["search", "read", "write"], indexes: ["articles"] }],
      filter: { op: "eq", column: "tenant", value: "a" },
      rate: { perSecond: 20, burst: 50 },
    },
  },
  builder: {
    summary: "For jobs on some indexes, from and to some buckets",
    value: {
      name: "nightly jobs",
      grants: [{ actions: ["read", "jobs"], indexes: ["articles*"], buckets: ["primary", "examples"] }],
    },
  },
};
