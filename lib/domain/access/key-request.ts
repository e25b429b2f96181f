import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { grant, grants } from "./grants.ts";

export const keyId = z
  .string()
  .regex(/^[0-9a-f]{16}$/, "16 of 0-9 a-f")
  .meta({ description: "Id of a key: what stands between sl_ and its secret", example: "0f3c9a2b7d5e4f6a" });

const instant = z.iso.datetime();

export const keyRequest = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(limits.maxKeyNameLength)
      .refine((name) => name.isWellFormed(), "must be well-formed Unicode")
      .meta({ description: "Whose or for what it is" }),
    grants,
    expiresAt: instant.optional().meta({ description: "Never without it" }),
  })
  .meta({ id: "KeyRequest" });
export type KeyRequest = z.output<typeof keyRequest>;

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
    grants: z.array(grant),
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
  .extend({ key: z.string().meta({ description: "Shown this once: of its secret only a digest is kept" }) })
  .meta({ id: "NewKey" });
export type NewKey = z.infer<typeof newKey>;

export const damagedKey = z
  .strictObject({ id: keyId, state: z.enum(["damaged", "needs-newer-release"]) })
  .meta({ id: "DamagedKey", description: "What is stored of the key cannot be read: it opens nothing" });
export type ListedKey = ShownKey | z.infer<typeof damagedKey>;
