/** Of who may do everything, keys among it. */
export const everyGrant = [
  { actions: ["search", "read", "write", "jobs", "admin"], indexes: ["*"], buckets: ["*"] },
];
