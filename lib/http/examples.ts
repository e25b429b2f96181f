import {
  deleteDocumentsExamples,
  patchDocumentExamples,
  patchDocumentsExamples,
  writeDocumentsExamples,
} from "./examples/documents.ts";
import type { Examples } from "./examples/example.ts";
import { changeIndexExamples, createIndexExamples, startJobExamples } from "./examples/indexes.ts";
import { createKeyExamples } from "./examples/keys.ts";
import {
  fetchDocumentsExamples,
  measureRecallExamples,
  queryDocumentsExamples,
  searchExamples,
} from "./examples/searching.ts";

/** Of operations that take a body, in an order in which they can be sent one after the other. */
export const examples = {
  createIndex: createIndexExamples,
  writeDocuments: writeDocumentsExamples,
  search: searchExamples,
  measureRecall: measureRecallExamples,
  queryDocuments: queryDocumentsExamples,
  fetchDocuments: fetchDocumentsExamples,
  changeIndex: changeIndexExamples,
  startJob: startJobExamples,
  patchDocument: patchDocumentExamples,
  patchDocuments: patchDocumentsExamples,
  deleteDocuments: deleteDocumentsExamples,
  createKey: createKeyExamples,
} satisfies Record<string, Examples>;
