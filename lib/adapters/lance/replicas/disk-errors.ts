import { DomainError } from "../../../domain/errors.ts";

/** A deadline that passed or a mistake of the request would be the same from the store. */
export function isOfTheDisk(error: unknown): error is DomainError {
  return error instanceof DomainError && ["Internal", "StoreUnavailable", "StoreFull"].includes(error.kind);
}

export const whyUnreadable = ({ kind }: DomainError) => (kind === "StoreFull" ? "no-room" : "unreadable");
