import { asDomainError, DomainError } from "../../../domain/errors.ts";

/** A deadline that passed or a mistake of the request would be the same from the store. */
export function isOfTheDisk(error: unknown): error is DomainError {
  return error instanceof DomainError && ["Internal", "StoreUnavailable", "StoreFull"].includes(error.kind);
}

export const whyUnreadable = ({ kind }: DomainError) => (kind === "StoreFull" ? "no-room" : "unreadable");

/** The store failed, or the disk has filled up since its room was asked for. */
export const isKind = (kind: "StoreUnavailable" | "StoreFull", error: unknown) =>
  asDomainError(error).kind === kind;
