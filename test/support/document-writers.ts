/** Documents of a writer's round: `chunk_text` says whose and which. */
export function writtenBy(writer: string, round: number, ids: number) {
  return Array.from({ length: ids }, (_, i) => ({
    doc_id: `k${i}`,
    vector: [1, round, i, 1],
    chunk_text: `${writer} ${round}`,
  }));
}

/** Two documents of a writer's that are inserted with a key of their own. */
export function keyedBatch(prefix: string, number: number) {
  const ids = ["a", "b"].map((one) => `${prefix}-${number}-${one}`);
  return {
    documents: ids.map((doc_id) => ({ doc_id, vector: [1, number, 0, 1], chunk_text: prefix })),
    keyed: { key: `${prefix}-${number}`, request: "insert" },
  };
}
