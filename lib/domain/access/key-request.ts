import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { parseWithFilters } from "../documents/request-filters.ts";
import { type Filter, filter } from "../values/filter.ts";
import { type Grant, grant, grants } from "./grants.ts";
import { isOwnFilter } from "./own-documents.ts";
import { actionsOnDocuments } from "./principal.ts";

export const keyId = z
  .string()
  .regex(/^[0-9a-f]{16}$/, "16 of 0-9 a-f")
  .meta({ description: "Id of a key: what stands between sl_ and its secret", example: "0f3c9a2b7d5e4f6a" });

const requests = z.int().min(1).max(limits.maxRequestsPerSecond);
const rate = z
  .strictObject({
    perSecond: requests,
    burst: requests
      .optional()
      .meta({ description: "At once after a pause; as many as perSecond without it" }),
  })
  .meta({ description: "Of requests, in each container; any number without it" });

const concurrent = z.int().min(1).max(limits.maxConcurrentRequests).meta({
  description: "Requests that may be under way at a time, in each container; any number without it",
});

const token = z
  .strictObject({
    issuer: z.string().min(1).max(limits.maxIssuerUrlLength).meta({ description: "As its tokens name it" }),
    claim: z.string().min(1).max(limits.maxKeyNameLength).meta({ example: "groups" }),
    value: z.string().min(1).max(limits.maxClaimLength).meta({ example: "team-a" }),
  })
  .meta({
    id: "TokenClaim",
    description: "Of whose tokens it is, in place of a secret, where access is by tokens of an issuer",
  });

const instant = z.iso.datetime();

export const keyRequest = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(limits.maxKeyNameLength)
      .refine((name) => name.isWellFormed(), "must be well-formed Unicode")
      .meta({ description: "Whose or for what it is" }),
    arn: z
      .string()
      .max(limits.maxArnLength)
      .regex(/^arn:[\w-]+:iam::\d{12}:(role|user)\/[\w+=,.@/-]+$/, "the ARN of a role or a user")
      .optional()
      .meta({ description: "Whose it is, in place of a secret, where access is by identities of AWS" }),
    token: token.optional(),
    grants,
    filter: filter.optional().meta({
      description:
        "There are no other rows for the key than those that it takes. Such a key searches, reads and writes documents; one that writes has an eq",
    }),
    rate: rate.optional(),
    concurrent: concurrent.optional(),
    expiresAt: instant.optional().meta({ description: "Never without it" }),
  })
  .superRefine(({ arn, token, grants, filter }, context) => {
    if (arn !== undefined && token)
      context.addIssue({ code: "custom", path: ["token"], message: "or an ARN" });
    for (const { path, message } of filter ? narrowingIssues(grants, filter) : [])
      context.addIssue({ code: "custom", path, message });
  })
  .meta({ id: "KeyRequest" });
export type KeyRequest = z.output<typeof keyRequest>;
/** The filter's bounds first. @throws BadRequest */
export const parseKeyRequest = parseWithFilters(keyRequest, "filter");

function narrowingIssues(grants: Grant[], filter: Filter) {
  const message = `of a key with a filter: ${actionsOnDocuments.join(", ")}`;
  const others = grants.flatMap(({ actions }, i) =>
    actions.flatMap((action, j) =>
      actionsOnDocuments.includes(action) ? [] : [{ path: ["grants", i, "actions", j], message }],
    ),
  );
  const writes = grants.some(({ actions }) => actions.includes("write"));
  const unfit =
    "of a key that writes: an eq of a string of well-formed Unicode, a whole number, true or false";
  return [...others, ...(writes && !isFit(filter) ? [{ path: ["filter"], message: unfit }] : [])];
}

const isFit = (filter: Filter) =>
  isOwnFilter(filter) &&
  (typeof filter.value === "string"
    ? filter.value.isWellFormed()
    : filter.value === true || filter.value === false || Number.isSafeInteger(filter.value));

/** How long the secret before the newest holds on. */
export const graceSeconds = z.coerce
  .number()
  .int()
  .min(0)
  .max(limits.maxRotationGraceMs / 1000)
  .default(0)
  .meta({ description: "For which the secret before holds on" });

export const shownKey = z
  .strictObject({
    id: keyId,
    name: z.string(),
    arn: z.string().optional(),
    token: token.optional(),
    grants: z.array(grant),
    filter: filter.optional(),
    rate: rate.optional(),
    concurrent: concurrent.optional(),
    newIds: z.string().nullable().meta({
      description:
        "What the ids of new documents that it writes begin with; null where it has no eq as its filter",
    }),
    createdAt: z.string(),
    rotatedUntil: z
      .string()
      .nullable()
      .meta({ description: "Until when the secret before its newest holds; null where it does not" }),
    expiresAt: z.string().nullable(),
    revokedAt: z.string().nullable(),
  })
  .meta({ id: "Key" });
export type ShownKey = z.infer<typeof shownKey>;

export const newKey = shownKey
  .extend({
    key: z.string().meta({ description: "Shown this once: of its secret only a digest is kept" }),
  })
  .meta({ id: "NewKey" });
export type NewKey = z.infer<typeof newKey>;

export const damagedKey = z
  .strictObject({ id: keyId, state: z.enum(["damaged", "needs-newer-release"]) })
  .meta({ id: "DamagedKey", description: "What is stored of the key cannot be read: it opens nothing" });
export type ListedKey = ShownKey | z.infer<typeof damagedKey>;
