import { articles, type Examples, notes } from "./example.ts";

export const writeDocumentsExamples: Examples = {
  documents: {
    summary: "Documents with vectors; int64 beyond 2^53 as strings, times with their zones",
    path: articles,
    value: {
      documents: [
        {
          doc_id: "a1",
          vector: [0.1, 0.7, 0.2],
          title: "Quick foxes",
          body: "A quick brown fox jumps over the lazy dog",
          tags: ["animals", "old"],
          year: 2024,
          views: "9007199254740993",
          at: "2026-03-01T09:00:00+01:00",
        },
        {
          doc_id: "a2",
          vector: [0.2, 0.6, 0.1],
          title: "Lazy dogs",
          body: "Dogs sleep all day, while foxes are quick",
          tags: ["animals"],
          year: 2020,
          views: 7,
          at: "2026-02-01T08:00:00Z",
        },
        {
          doc_id: "a3",
          vector: [0.9, 0.1, 0.3],
          title: "Trains",
          body: "Trains leave at noon",
          tags: ["travel"],
          year: 2024,
        },
      ],
    },
  },
  texts: {
    summary: "Documents without vectors, where a provider makes them of the text",
    path: notes,
    value: {
      documents: [
        { doc_id: "n1", text: "the first of all notes" },
        { doc_id: "n2", text: "another one, about trains" },
      ],
    },
  },
};

export const patchDocumentExamples: Examples = {
  condition: {
    summary: "Changes a document if it is still as it was",
    path: { ...articles, docId: "a3" },
    value: { set: { title: "Night trains" }, if: { op: "eq", column: "title", value: "Trains" } },
  },
};

export const patchDocumentsExamples: Examples = {
  filter: {
    summary: "Changes all that a filter takes; tries it first",
    path: articles,
    value: { filter: { op: "lt", column: "year", value: 2021 }, set: { tags: ["archive"] }, dryRun: true },
  },
};

export const deleteDocumentsExamples: Examples = {
  ids: { summary: "By their ids", path: articles, value: { ids: ["a3"] } },
  filter: {
    summary: "Those that a filter takes",
    path: notes,
    value: { filter: { op: "starts_with", column: "text", prefix: "another" } },
  },
};
