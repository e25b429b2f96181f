import { limits } from "../../config/limits.ts";
import type { JobRecord } from "../jobs/job-documents.ts";
import { JobLedger } from "../jobs/job-ledger.ts";
import type { ObjectStore } from "../object-store.ts";
import { unlessUnreadable } from "../stored/stored-json.ts";
import type { Clock } from "../task-context.ts";
import type { Principal } from "./principal.ts";

/** The jobs of indexes on which `jobs` is granted; of others there is nothing. */
export class ScopedLedger extends JobLedger {
  readonly #principal: Principal;

  constructor(store: ObjectStore, clock: Clock, principal: Principal) {
    super(store, clock);
    this.#principal = principal;
  }

  override async record(id: string): Promise<JobRecord | undefined> {
    const record = await super.record(id);
    return record && this.#principal.may("jobs", record.input.index) ? record : undefined;
  }

  /** Fewer than the limit where others' jobs lie between; one that cannot be read may be anybody's. */
  override async list(cursor: string | undefined, limit: number): Promise<{ ids: string[]; next?: string }> {
    const ids: string[] = [];
    let after = cursor;
    for (let looked = 0; looked < limits.maxListedJobsLookedAt; looked += limit) {
      const page = await super.list(after, limit - ids.length);
      const seen = await Promise.all(page.ids.map((id) => this.#isSeen(id)));
      ids.push(...page.ids.filter((_, i) => seen[i]));
      if (ids.length === limit || page.next === undefined) return { ids, next: page.next };
      after = page.next;
    }
    return { ids, next: after };
  }

  async #isSeen(id: string): Promise<boolean> {
    return unlessUnreadable(
      async () => (await this.record(id)) !== undefined,
      () => false,
    );
  }
}
