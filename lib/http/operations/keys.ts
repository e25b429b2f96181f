import { z } from "zod";
import { limits } from "../../config/limits.ts";
import {
  damagedKey,
  graceSeconds,
  keyId,
  keyRequest,
  newKey,
  parseKeyRequest,
  shownKey,
} from "../../domain/access/key-request.ts";
import { common, cursor, next, type Operations, page } from "./operation.ts";

const ofKey = z.strictObject({ id: keyId });

/** API keys, for who may make any. */
export const keyOperations = {
  createKey: {
    ...common,
    method: "post",
    route: "/keys",
    summary:
      "Makes an API key, which is shown this once; sent again it makes another. Of an ARN or a token nothing is shown",
    needs: "keys",
    body: keyRequest,
    parseBody: parseKeyRequest,
    maxBodyBytes: limits.maxJobBodyBytes,
    status: 201,
    response: z.union([newKey, shownKey]),
  },
  listKeys: {
    ...common,
    method: "get",
    route: "/keys",
    summary: "API keys by id, without their secrets, revoked ones among them",
    needs: "keys",
    query: page.extend({ cursor: keyId.meta(cursor).optional() }),
    response: z.strictObject({ keys: z.array(z.union([shownKey, damagedKey])), next }),
  },
  rotateKey: {
    ...common,
    method: "post",
    route: "/keys/{id}/rotate",
    summary: "Gives an API key another secret, which is shown this once",
    needs: "keys",
    path: ofKey,
    query: z.strictObject({ graceSeconds }),
    response: newKey,
  },
  revokeKey: {
    ...common,
    method: "delete",
    route: "/keys/{id}",
    summary: "Revokes an API key: within 60 s it opens nothing any more",
    needs: "keys",
    path: ofKey,
    response: shownKey,
  },
} satisfies Operations;
