import type { Principal } from "../domain/access/principal.ts";
import { DomainError } from "../domain/errors.ts";
import type { HttpEvent } from "./http-handler.ts";

/** What asks for the cost of a request, and what tells it. */
export const explainCost = "x-explain-cost";
export const toldCost = "x-cost";

const told = new WeakSet<HttpEvent>();

/** Whether its sender asks what a request costs; names of headers may still be as they were sent. */
export const asksForCost = ({ headers }: HttpEvent): boolean =>
  Object.entries(headers ?? {}).some(
    ([name, value]) => name.toLowerCase() === explainCost && value === "true",
  );

/**
 * What a container asks of stores tells of all indexes in it, and of all rows.
 * @param principal undefined where access is open
 * @throws Forbidden
 */
export function tellCost(event: HttpEvent, principal: Principal | undefined): void {
  if (!asksForCost(event)) return;
  if (principal && !principal.seesAll)
    throw new DomainError("Forbidden", `${explainCost} is for keys that have a grant on *, and no filter`);
  told.add(event);
}

export const isToldCost = (event: HttpEvent): boolean => told.has(event);
