import type { Figures, SectionName } from "../results.ts";
import { builds } from "./builds.ts";
import { cold } from "./cold.ts";
import { documents } from "./documents.ts";
import { filter } from "./filter.ts";
import { growth } from "./growth.ts";
import { migrate } from "./migrate.ts";
import { peers } from "./peers.ts";
import { quality } from "./quality.ts";
import { queries } from "./queries.ts";
import { search } from "./search.ts";
import type { Section } from "./section.ts";
import { sparse } from "./sparse.ts";
import { store } from "./store.ts";
import { text } from "./text.ts";
import { types } from "./types.ts";
import { verify } from "./verify.ts";

/** Every part of the benchmark, in the order of the reports. */
export const sections: { [K in keyof Figures]: Section<K> } = {
  types,
  peers,
  filter,
  verify,
  builds,
  growth,
  migrate,
  store,
  cold,
  sparse,
  search,
  documents,
  quality,
  text,
  queries,
};

export const sectionNames = Object.keys(sections) as SectionName[];
