import { connect, type Table } from "@lancedb/lancedb";
import type { Container } from "../lib/container.ts";
import { lanceUriFor } from "../lib/domain/bucket.ts";
import type { Publication } from "../lib/domain/index/index-entry.ts";
import { publishedOf } from "../lib/domain/index/published.ts";
import { bareSearch } from "./bare-search.ts";

/** The table of what is published, opened without any of the project's own layers; again when that is another. */
export class BareTable {
  readonly #container: Container;
  readonly #index: string;
  readonly #options: Record<string, string>;
  #open: { table: Table; published: Publication } | undefined;

  constructor(container: Container, index: string, storageOptions: Record<string, string>) {
    this.#container = container;
    this.#index = index;
    this.#options = storageOptions;
  }

  /** A client that knows when another generation is published. */
  async follow(): Promise<void> {
    const published = publishedOf((await this.#container.registry.get(this.#index)).value);
    if (this.#open?.published.generation === published.generation) return;
    await this.close();
    const uri = lanceUriFor(this.#container.buckets, published.bucket, this.#index);
    const connection = await connect(uri, { storageOptions: this.#options });
    this.#open = { table: await connection.openTable(published.generation), published };
    for (const { name } of await this.#open.table.listIndices()) await this.#open.table.prewarmIndex(name);
  }

  async search(vector: Float32Array): Promise<void> {
    if (!this.#open) throw new Error("nothing is open");
    await this.#open.table.checkoutLatest();
    await bareSearch(this.#open.table, vector, this.#open.published);
  }

  async close(): Promise<void> {
    this.#open?.table.close();
    this.#open = undefined;
  }
}
