/** Every figure of the system, with its unit in the name. */
export const limits = {
  // HTTP edge. API Gateway refuses bodies over 10 MB, Lambda payloads over 6 MB: we refuse before parsing.
  maxBodyBytes: 1_048_576,
  maxJobBodyBytes: 65_536,
  maxIndexBodyBytes: 4_096,
  maxJsonDepth: 64, // a filter of 8 levels has some 20
  maxJsonFields: 1_024, // a filter of 64 nodes has some 260
  maxJsonValues: 65_536, // a vector of 16,384 and a filter of 64 nodes with 256 values each have half as many
  maxAnswerBytes: 5_500_000, // as Lambda carries it, which takes 6,291,556 with status and headers
  answerFrameBytes: 4_096, // of that, around hits and documents
  defaultRequestTimeoutMs: 25_000, // API Gateway gives up after 29 s
  deadlineMarginMs: 500, // left to answer when the function's own deadline comes first

  // What an error says, to its caller and in the ledger
  maxIssues: 20,
  maxIssueLength: 1_000,
  maxIssuePathLength: 400,
  maxDetailLength: 4_000,
  maxSummedIssues: 5, // that the detail of a bad request names
  maxListedNames: 20, // of columns that there are, say
  maxListedNameLength: 64,

  // Who may do what
  maxGrants: 16, // of a key
  maxGrantedNames: 64, // of indexes and buckets in each
  maxKeyNameLength: 128,
  maxRotationGraceMs: 604_800_000, // for which the secret before the newest holds on
  keyMemoryMs: 50_000, // that a key is taken as it was; promised: a revoked one is out after 60 s
  keyLookAgainMs: 20_000, // from which it is looked up behind an answer
  unknownKeyMemoryMs: 1_000, // that an id or a secret is taken for none
  maxKnownKeys: 1_000, // in a process, and as many ids of which there is none
  maxArnLength: 600, // of a role or a user, whose paths have 512 at most
  maxRequestsPerSecond: 100_000, // that a key may be granted
  maxConcurrentRequests: 10_000, // the same, in each container
  maxTokenBytes: 8_192, // of a JWT; API Gateway takes 10,240 of all headers
  maxClaimLength: 255, // of a subject, or of a value that something is granted to
  maxClaimValues: 64, // of one token, each of which may have grants
  maxIssuerUrlLength: 512,
  issuerTimeoutMs: 3_000, // of each of its two documents
  maxIssuerBytes: 262_144, // of each of these
  issuerKeysMs: 600_000, // that its keys are taken as they were
  unknownIssuerKeyMs: 30_000, // between two looks for a key that it did not have
  issuerPauseMs: 1_000, // after it did not answer
  tokenToleranceMs: 5_000, // that its clock may be off
  maxListedJobsLookedAt: 1_000, // for a page of those that a key may see

  // Cost
  maxPrice: 1, // dollars of a request, or a GB for a second
  unlookedMs: 5, // what ended sooner has waited for no request of LanceDB's, whose counts take 0.07 ms to read

  // Search
  maxK: 1_000,
  defaultK: 10,
  maxDimension: 16_384,
  leastSquaredLength: 1.1754944e-38, // below float32's normal range, where lengths are 0 or wrong
  maxSquaredLength: 1e36, // of a vector: distances of longer ones are infinite in float32
  maxNprobes: 65_536,
  maxRefineFactor: 256,
  maxEf: 10_000,
  maxFilterNodes: 64,
  maxFilterDepth: 8,
  maxFilterValues: 256,
  maxFilterStringLength: 4_096,
  maxDocIdLength: 1_024,
  maxFetchedDocuments: 1_000, // of one request
  maxColumns: 256,
  maxColumnNameLength: 1_024, // at load as in requests
  maxSelectLength: 8_192, // of the query of a URL, which is answered up to some 10 KB
  defaultListedDocuments: 100,
  maxListedDocuments: 1_000, // of one page
  maxListOffset: 2 ** 32 - 1 - 1_001, // LanceDB counts in 32 bits, and begins again at 0
  maxCursorLength: 512,
  cursorDigestLength: 16, // of 6 bits
  maxFilterParameterLength: 8_192, // of the query of a URL, as select
  maxQueryOffset: 10_000, // documents or hits that come before a page
  maxOrderColumns: 4,
  maxSearchDepth: 10_000, // hits, those before a page and its own
  maxSearchCursorLength: 80_100, // 8 characters for each of these
  maxOrderedDepth: 100_000, // documents into an order, as deep as cursors lead; LanceDB holds the keys of so many
  maxFacets: 4, // columns whose values one request counts
  maxFacetValues: 100, // of each, that are answered
  defaultFacetValues: 10,
  maxFacetValueLength: 1_024, // characters of a value
  countedFacetValues: 50_000, // different ones of a column, whose counts are exact
  countedFacetBytes: 16 * 1_048_576, // of these, as text
  maxFacetRows: 10_000_000, // that a filter leaves
  maxCountedTextRows: 1_000_000, // that a text is found in: LanceDB ranks all of them
  facetBatchRows: 8_192, // read at a time
  maxGroups: 100, // of hits that one search answers
  defaultGroups: 10,
  maxGroupSize: 10, // hits of each
  defaultGroupSize: 3,
  leastGroupedRows: 64, // of the first of the searches that fill groups, and twice what they hold
  maxGroupedRows: 10_000, // of the last
  maxGroupValueLength: 1_024, // characters of a value
  maxExplainedSteps: 64, // of an answer
  maxOperators: 64, // of the plan of one of them
  maxOperatorName: 64,
  explainingMs: 5_000, // of each search that is done once more
  explainMarginMs: 500, // left for the answer
  maxFilterColumns: 32,
  maxTextColumns: 8, // of an index, with a full-text index each
  maxLanguageLength: 64,
  maxStopWords: 256, // that a request lists
  maxStopWordLength: 64,
  ngramMin: 2, // characters of the pieces that a language which is not known is cut into
  ngramMax: 3,
  maxTokenLength: 40, // bytes of a word; longer ones are no words, and are not found by their parts either
  likelyFilterColumns: 16, // that get scalar indexes where a job names none
  likelyFilterBytes: 64, // of a row, on the average
  widthSampleRows: 200, // that tell how wide a column is
  maxQueries: 64, // of one search
  maxHitsOfQueries: 10_000, // that these may ask for, all together
  queriesAtATime: 8,
  leastRangeCandidates: 1_000, // of a range of distances, compared by their vectors where k of them hold too few
  rangeCandidates: 10_000, // at most; past these every row is compared
  changedTableTries: 3, // of a search whose table moves on between its phases
  filterWidening: 2, // of few rows; the nearest that match lie in more partitions than the nearest of all (bench/NOTES.md)
  filterRefineFactor: 2, // and their distances differ less than those of the very nearest

  // Recall, measured on request
  maxMeasuredK: 100, // as verification measures it
  defaultMeasuredQueries: 50,
  maxMeasuredQueries: 200, // rows that are sampled
  maxMeasuredVectors: 100, // that are given
  measuredMarginMs: 1_000, // before the deadline of the request, to answer with what was measured by then
  measuredRoundMargin: 1.25, // times what the round before took have to be left for another
  measuredRoundShare: 0.8, // of what is left, that the next round is made for
  measuredSearchesAtATime: 4,

  // Embedding providers
  maxProviders: 32,
  maxProviderNameLength: 64,
  maxParameterNameLength: 1_011, // SSM's own
  providerKeyKeptMs: 300_000, // until one that an SSM parameter holds is read anew
  maxEmbeddedTextLength: 100_000, // characters of one text; models take some 8,000 tokens
  providerTimeoutMs: 10_000, // of one request to a provider that says nothing else
  maxProviderTimeoutMs: 300_000,
  providerAttempts: 4, // in all, where it does not answer or asks to come again
  providerBackoffMs: 200, // before the second, doubled before each that follows
  maxProviderAnswerBytes: 64 * 1_048_576, // 96 vectors of 16,384 numbers as JSON have some 32 MB
  embeddingBatch: 96, // texts of a request; Cohere's models take no more
  maxEmbeddingBatch: 2_048, // OpenAI's take no more
  embeddingBatchBytes: 262_144, // of the texts of a request
  embeddingConcurrency: 4, // requests of one operation that are under way
  maxEmbeddingConcurrency: 64,
  maxRerankCandidates: 1_000,
  embeddedUnitRows: 1_000, // of Parquet, some: of a row group that is not cut two and a half times as many
  embeddedUnitTimeoutMs: 300_000, // of one unit, where its task has as long

  // Search by text. A tree of 1,000 levels ends LanceDB's process; 100,000 words take it 4 s.
  maxTextNodes: 32,
  maxTextDepth: 6,
  maxTextLength: 4_096, // characters of all words of a query
  maxTextBoost: 1_000,
  maxFuzziness: 2, // letters
  maxFuzzyWords: 32, // of a query: each is compared with all tokens of the index
  maxFuzzyWordLength: 64, // LanceDB refuses an automaton of more than 10,000 states
  maxTextExpansions: 200, // tokens that one fuzzy word stands for
  defaultTextExpansions: 50,
  maxDictionaryBytes: 32 * 1_048_576, // of the words of a column's text index, which prefixes read: some 3 million words
  heldDictionaryBytes: 64 * 1_048_576, // of those that are kept for later prefixes
  maxPrefixNodes: 200_000, // of a dictionary that are looked at for one prefix: some 0.1 s
  fuzzyRows: 20_000, // that no index holds, whose words are compared with fuzzy ones
  fuzzyTexts: 4 * 1_048_576, // UTF-16 code units of these: some 0.5 s, once a version
  fuzzyBatchRows: 128,
  fuzzyBatchWords: 10_000,
  maxPhraseSlop: 100,
  maxHighlightFragments: 5, // of a column of a hit
  defaultHighlightFragments: 3,
  minFragmentLength: 20, // UTF-16 code units
  maxFragmentLength: 500,
  defaultFragmentLength: 150,
  maxFragmentMatches: 32,
  maxHighlightMarks: 1_000, // of one text, from its beginning, among which fragments are chosen
  highlightedText: 10_000, // UTF-16 code units of one text: ICU takes 11 ms for as many Chinese without punctuation
  highlightedTexts: 2_000_000, // of all hits of a search: 0.5 s of a core, 2 s of Chinese, 3 s of pieces
  ownRankedRows: 10_000, // that a text is found in, of a key with a filter
  ownRankedWords: 32, // each of which is looked for by itself
  fusionK: 60, // Cormack, Clarke and Büttcher, SIGIR 2009
  maxFusionK: 1_000,
  maxFusionWeight: 1_000,
  fusedCandidatesPerHit: 5, // of each leg

  // Documents written through HTTP
  maxDocumentsBodyBytes: 5_000_000, // Lambda takes 6,291,556 with headers, a body of bytes as base64
  maxDocuments: 10_000, // of one request
  maxDocumentsJsonValues: 5_000_000,
  maxDictionaryTexts: 16 * 1_048_576, // characters that the dictionaries of a stream stand for
  maxChangedDocuments: 10_000, // of one request
  maxChangedVectorBytes: 64 * 1_048_576, // of these documents, which are read to be written with what is changed
  maxChangedBytes: 256 * 1_048_576, // of all their columns
  writeTurnMs: 10_000, // after which a writer seems dead to the next
  upkeepRows: 10_000, // written since an index was built, from which a job takes them in
  upkeepShare: 0.05, // of the rows there are, likewise
  upkeepDeletedShare: 0.2, // of the rows there are
  leastUpkeepRows: 1_000, // of so few rows no share is worth a job
  upkeepFragments: 256, // that no index holds, and that are too large to be gathered
  gatherCommits: 8, // of an index, after which one gathers the small fragments that they have left (bench/NOTES.md)
  leastGatheredFragments: 4,
  mostGatheredFragments: 64, // as so many conditions of one query
  gatheredRows: 5_000, // of all that one commit gathers
  gatheredBytes: 8 * 1_048_576,
  gatherShare: 0.5, // of a write's time, after which it gathers nothing
  retentionDays: 7, // of versions that others have taken the place of
  maxRetentionDays: 365,
  keptVersions: 1_000, // of an index, beyond those that somebody may read
  toldVersionRanges: 128, // that others made, and as many that turns gathered in: each has eight writes before it
  defaultListedVersions: 50, // of a page, each of which is a request to the store
  maxListedVersions: 200,
  versionsReadAtATime: 16,
  listedManifestBytes: 64 * 1_048_576, // of a page, which is shorter where they are longer
  versionMarginMs: 600_000, // for requests and copies that are under way, beyond an index's own window
  prunedVersions: 1_000, // at a time
  prunedManifestBytes: 128 * 1_048_576, // that are read at a time
  mostUnsureVersions: 5_000, // that stay, and each of which is read
  prunedAgainMs: 86_400_000, // of an index that is not written to any more
  unnamedFileMs: 7 * 86_400_000, // after which nobody commits a file any more that no version names; as Lance's own clean-up
  sweptFiles: 10_000, // of these at a time
  pruneForMs: 200_000, // of a run of catchUp
  upkeepAgainMs: 600_000, // until a job is asked for again that has not published
  maxUnindexedRows: 200_000, // with which writes are still taken
  maxCarriedRows: 200_000, // that were written while a job built anew what it publishes
  maxCarriedRanges: 64, // of fragments, as so many conditions of one query
  carriedBatchRows: 1_024,
  carryRounds: 8, // until few enough are left to keep writers waiting for
  carriedInTurn: 1_000, // rows
  publishWaitMs: 30_000, // until nobody writes to the index
  maxVersionsLookedAt: 1_000, // for what became of a write whose process died

  // Warm container
  eventualStalenessMs: 4_000, // promised: 5 s
  maxStalenessMs: 3_600_000, // that the owner of an index may allow
  sureLookMs: 30_000, // a look as late as that does not take it for granted that versions in between are there
  maxOpenHandles: 64,
  openIndexesShare: 0.25, // of the memory, for what is open outside of the caches
  openIndexMb: 4, // measured: 3 for six fragments of 64 values with two indexes, 1.2 for a small one (bench/NOTES.md)
  openIndexSockets: 24, // measured: a cold search by 20 partitions opens 22 at a time (bench/NOTES.md)
  openIndexFiles: 4, // of a folder; LanceDB closes them after each search
  idleSockets: 8, // that LanceDB keeps of each
  idleSocketMs: 15_000,
  otherDescriptorsShare: 0.25, // of the descriptors: for our own requests, copies, threads
  defaultDescriptors: 1_024, // where the limit is not known; Lambda's
  filesAtATime: 32, // that a folder's store reads or writes
  fileWaitMs: 60_000,
  indexWaitMs: 25_000, // for one of so many open indexes; a request's own deadline mostly comes first
  connectionsOfTasks: 16, // at a time
  connectionWaitMs: 600_000,
  unusedConnections: 8, // that stay open for the next who asks
  maxSockets: 50, // of our own requests to all stores together
  maxIdleSockets: 16,
  openTimeoutMs: 10_000,
  readsPerCore: 8, // under way at a time
  readMemoryShare: 0.25, // of a container's, for the vectors that these read
  maxWaitingReads: 1_000,
  busyMarginMs: 200, // before its deadline a read that has not begun is refused
  warmAnswerMs: 200, // before its deadline a request to warm an index says how far it is
  storeTimeoutMs: 10_000,
  storeConnectTimeoutMs: 3_000,
  socketReadBytes: 262_144, // memory that each connection for reads is given
  leastBytesPerMs: 256, // a transfer that is slower has stalled
  copyTimeoutMs: 300_000, // of one request that copies inside a store
  maxCopyBytes: 5 * 1_073_741_824, // S3 copies no more in one request
  // LanceDB's own defaults are 6 GB and 1 GB, more than most functions have.
  indexCacheShare: 0.35,
  metadataCacheShare: 0.1,
  defaultMemoryMb: 2_048,
  residentRowsShare: 0.045, // for rows without their vectors that are held in memory
  residentBatchRows: 8_192, // read at a time

  // Replicas on a container's disk
  replicaDiskShare: 0.8, // of the disk that a function has
  replicaMaxBytes: 4 * 1_073_741_824, // of all together, where nobody says what disk there is
  indexReplicaMaxBytes: 64 * 1_048_576, // of one vector index that is copied before the first answer
  indexReplicasShare: 0.125, // of what replicas may take, for all of these
  refinedCandidates: 1_000, // at most, whose vectors are compared here; of more LanceDB reads them, and holds them itself
  replicaConcurrency: 3, // parts that are fetched at a time
  replicasFilledAtATime: 4, // of each kind: every one holds its parts in memory, up to 16 MB
  replicaPause: 2, // after each part, in times of what it took (bench/NOTES.md)
  promptCopyBytes: 16 * 1_048_576, // of rows without vectors that are copied at once and without pauses: they serve hits
  leastSplitFileBytes: 1_048_576, // of smaller data files the vectors are copied with the rest
  blockBytes: 16_384, // of a file that is copied as its parts are needed
  blocksReadAlong: 4, // between two that are needed
  partialReadBytes: 655_360, // that a request brings on the average where many parts of a file are needed
  leastPartialReads: 16, // at a time, where there are so many parts
  partialReadsAtATime: 48, // of a process: every one holds up to 2 MB
  restConcurrency: 2, // parts of a generation that are copied at a time behind the answers, before its vectors
  maxLaterBytes: 32 * 1_048_576, // that one version adds to another which is on the disk, and an answer waits for
  laterPartsAtATime: 24, // of what a version adds
  fewVersionsAskedFor: 4, // at a time, of those that may be later than the one that is known; of more a list tells the last
  mostVersionsAskedFor: 8, // where as many are likely
  dataFileTailBytes: 65_536, // read at once, which describes the columns of most data files

  maxOpeningBytes: 24 * 1_048_576, // of what is read before any data: some 5,000 partitions of 768 values
  maxOpeningOfRowsBytes: 4 * 1_048_576, // some 250 data files

  // Jobs
  unitTargetBytes: 16 * 1_048_576, // decoded bytes of one append; memory holds some thirteen times as much
  maxUnitBytes: 40 * 1_048_576, // the largest row group that is appended as a whole
  unitMemoryBytes: 48 * 1_048_576, // kept for such a unit and what an append adds to it
  minPartBytes: 4 * 1_048_576, // of a larger one
  minPartRows: 64, // however large they may be
  maxDecoderMemoryBytes: 512 * 1_048_576, // where a file needs more than its size lets expect
  loadMemoryBytes: 640 * 1_048_576,
  appendsAtATime: 2, // of a worker that is alone; as many are counted when it is taken up
  maxUnitRows: 65_536,
  decodeBatchBytes: 1 * 1_048_576, // of vectors
  pageBytes: 9 * 1_048_576, // of vectors in a batch that is appended: Lance copies together what is less than 8 MiB
  chunkRangeBytes: 8 * 1_048_576, // of a vector column that are read at a time, and as many ahead
  maxVectorPageBytes: 104_857_600, // DuckDB writes pages of up to 100 MB
  maxRowGroupBytes: 1_073_741_824, // as stored: a row group is read as a whole, and decoded in parts
  maxSourceFiles: 100_000,
  maxExpansion: 1_000, // bytes that are loaded of each that is stored: real vectors hardly compress
  freeLoadedBytes: 1_073_741_824, // up to which that is not looked at
  defaultWorkers: 1,
  maxWorkers: 64,

  // Export
  exportFileBytes: 128 * 1_048_576, // of rows as they are stored; a file is held in memory until it is written
  maxExportFiles: 20_000, // of a job, each of which its ledger notes
  exportBatchBytes: 8 * 1_048_576, // of rows that are read at a time
  exportRowGroupRows: 131_072,
  exportRowGroupBytes: 64 * 1_048_576, // encoded; as large as a writer's memory has to be, and a reader's task
  exportWriterMemoryBytes: 1_024 * 1_048_576, // above which one faults

  maxSealRounds: 5,
  minWorkerTimeLeftMs: 5_000, // a worker hands over when less is left, or twice what its slowest unit took
  endWatchMs: 2_000, // a task looks this often whether its job was ended
  startGraceMs: 60_000, // between a job's registration and its execution
  retireAfterMs: 10_000, // readers follow a publish within 5 s, or what their index allows, which is added; the rest is for searches under way
  footerTimeoutMs: 30_000,
  maxFooterBytes: 32 * 1_048_576, // parquet-wasm and we hold about four times as much
  maxSchemaElements: 10_000, // columns and what they are made of; more take longer than a footer may
  decodeTimeoutMs: 120_000, // of one unit
  idleDecoderMs: 5_000, // that a thread which has read footers waits for the load
  tallyBatchRows: 65_536, // of ids and origins
  maxNamedDuplicates: 10,
  maxNamedColumns: 20, // in a message
  dimensionRows: 256, // whose usual length is the dimension, where a file does not tell
  maxNamedRows: 20, // of a unit, with bad vectors
  maxNamedSkipped: 10, // of a job
  forkConcurrency: 32,
  ledgerReadsAtATime: 32, // documents of a job

  // Index building and recall
  minRowsToTrain: 256, // PQ cannot train on fewer
  minFoldPartitionRows: 4_096, // mean rows a partition: optimize joins those under 2,048 (bench/NOTES.md)
  maxIndexParts: 4, // of an index that new rows were folded into
  sortWaitMs: 300_000, // for others' scalar indexes
  longVectorDimension: 256, // from which a 4-bit code of IVF_PQ has four values, below it two
  pqPartitionRows: 2_048, // of IVF_PQ (bench/NOTES.md)
  trainIterations: 10, // 10 cost almost no recall against LanceDB's 50 (bench/NOTES.md)
  trainSampleRate: 64,
  recallK: 10,
  recallQueries: 100,
  filteredOneIn: 97, // rows that match when the recall of filtered searches is measured; a prime, as rows may repeat in tens
  leastFilteredRows: 200, // that match
  filteredQueries: 150,
  refinedQueries: 10, // that are refined to see that it finds what is counted for all
  besideEf: 100, // of the search for the neighbours that a vector beside a row is moved by
  maxRecallQueries: 400,
  recallValuesCompared: 7_680_000_000, // 100 queries on 100,000 x 768
  recallMarginErrors: 2, // standard errors above the target
  recallFirstQueries: 25, // enough where a setting clearly reaches or misses the target
  comparedBatchBytes: 8 * 1_048_576, // of vectors that are read at a time
  comparedRowsBytes: 1 * 1_048_576, // of these that are compared at a time
  comparedRows: 1_024, // likewise, of short vectors
  refiningTakes: 0.75, // of the time without it, at most, for refining to be chosen
  recallTies: 64, // neighbours as near as the k-th that are told apart
  probeTimeoutMs: 120_000,
  recallConcurrency: 2,
  usualRefineFactor: 64, // up to which all are foreseen by one search
  searchedTogether: 50, // queries, where their time is not of interest: two to five times cheaper than by themselves
  answersTogether: 50_000, // at most, of such a search
  diskCopyShare: 0.8, // of the free temporary disk
  diskCopyPartBytes: 2 * 1_048_576,
  diskCopyConcurrency: 8,
  defaultTargetRecall: 0.95,
  leastTargetRecall: 0.1,
  compactBelowRows: 10_000, // mean rows a fragment under which compaction pays
  compactFromFragments: 16,

  // of a million rows of 768 values, at the least (bench/results/local.md: 72, 125, 98 and 790 on two cores)
  buildCpuSeconds: { IVF_PQ: 50, IVF_RQ: 60, IVF_FLAT: 60, HNSW_SQ: 500 },
  textCpuSeconds: { words: 60, ngram: 180 }, // of a full-text index, a GB of texts: 82 to 107, and 238 to 324, were measured
  memoryMbOfCore: 1_769, // Lambda gives a core for so much
  buildMemoryShare: 0.95, // of a function's, beside the process itself

  // Embedded workflow
  heartbeatMs: 2_000,
  orphanedAfterMs: 15_000,
  maxTakeovers: 3,
  cancelWaitMs: 20_000,
  draftMaxAgeMs: 600_000, // of a file that is being written on a local bucket; an older one was left by a killed process
  maxSweptFolders: 10_000, // that a process remembers to have removed drafts from
  endAgainMs: 5_000, // until an end is tried again that could not be written

  // Fallbacks from faster ways to slower ones
  fallbackReportMs: 60_000, // until those are told that were not told at once
  maxObservedIndexes: 1_000, // of which a process keeps counts of their own

  // Lists
  maxEntryBytes: 4 * 1_048_576, // of an index in the registry that is read for a list
  pageEntries: 400, // of the registry that are kept in one object: a list sees where the next ends
  maxPageEntries: 1_000, // of these and what lists have read beyond
  leastPageEntries: 8, // fewer are not worth an object
  maxKeptEntryBytes: 65_536, // of one in such an object
  maxPageBytes: 8 * 1_048_576, // of all
  entryPageAgainMs: 60_000, // until such an object is written again that could not be
  maxDocumentBytes: 64 * 1_048_576, // of a stored one; a plan of 100,000 files is the largest
  defaultPageSize: 50,
  maxPageSize: 200,
} as const;
