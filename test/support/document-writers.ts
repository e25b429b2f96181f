/** Documents of a writer's round: `chunk_text` says whose and which. */
export function writtenBy(writer: string, round: number, ids: number) {
  return Array.from({ length: ids }, (_, i) => ({
    doc_id: `k${i}`,
    vector: [1, round, i, 1],
    chunk_text: `${writer} ${round}`,
  }));
}
