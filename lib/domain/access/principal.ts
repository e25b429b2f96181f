import { DomainError } from "../errors.ts";
import type { Filter } from "../values/filter.ts";
import type { Action, Grant } from "./grants.ts";

interface Asking {
  /** Who it is of those to whom the same was granted. */
  subject?: string | undefined;
  /** Requests that may be under way at a time, in a process. */
  concurrent?: number | undefined;
}

/** Who asks, and what was granted. */
export class Principal {
  /** Of what was granted, as it is logged; no secret. */
  readonly id: string;
  readonly subject: string | undefined;
  readonly concurrent: number | undefined;
  /** Of all rows those that there are for it. */
  readonly filter: Filter | undefined;
  readonly #grants: readonly Grant[];

  constructor(id: string, grants: readonly Grant[], filter?: Filter, { subject, concurrent }: Asking = {}) {
    this.id = id;
    this.subject = subject;
    this.concurrent = concurrent;
    this.filter = filter;
    this.#grants = filter ? grants.map(ofDocuments) : grants;
  }

  /** One for each that asks. */
  get who(): string {
    return this.subject === undefined ? this.id : `${this.id} ${this.subject}`;
  }

  /** Whether anything is granted on an index; where nothing is, there is no such index. */
  sees(index: string): boolean {
    return this.#grants.some(({ indexes }) => isNamed(indexes, index));
  }

  /** Whether something is granted on every index, and of all rows. */
  get seesAll(): boolean {
    return !this.filter && this.sees("*");
  }

  may(action: Action, index: string): boolean {
    return this.#grants.some(({ actions, indexes }) => actions.includes(action) && isNamed(indexes, index));
  }

  /** Whether a bucket may be loaded from. */
  reaches(bucket: string): boolean {
    return this.#grants.some(({ buckets }) => isNamed(buckets, bucket));
  }

  /** Whether keys may be made, which may be given any grant. */
  get isRoot(): boolean {
    return this.#grants.some(({ actions, indexes }) => actions.includes("admin") && indexes.includes("*"));
  }

  /** @throws IndexNotFound */
  refuseUnseen(index: string): void {
    if (this.sees(index)) return;
    throw new DomainError("IndexNotFound", `index "${index}" does not exist, or nothing is granted on it`);
  }

  /**
   * @param index without one, whether the action is granted on any
   * @throws IndexNotFound, Forbidden
   */
  refuse(action: Action, index: string | undefined): void {
    if (index !== undefined) this.refuseUnseen(index);
    const isGranted =
      index === undefined
        ? this.#grants.some(({ actions }) => actions.includes(action))
        : this.may(action, index);
    if (isGranted) return;
    const where = index === undefined ? "any index" : `index "${index}"`;
    throw new DomainError("Forbidden", `"${action}" is not granted on ${where}`);
  }
}

/** What acts on an index as a whole acts on all of its rows. */
export const actionsOnDocuments: readonly Action[] = ["search", "read", "write"];

const ofDocuments = (grant: Grant): Grant => ({
  ...grant,
  actions: grant.actions.filter((action) => actionsOnDocuments.includes(action)),
});

const isNamed = (patterns: readonly string[], name: string) =>
  patterns.some((one) => (one.endsWith("*") ? name.startsWith(one.slice(0, -1)) : one === name));
