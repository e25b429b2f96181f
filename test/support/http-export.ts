import { describe, expect, test } from "vitest";
import type { ObjectStore } from "../../lib/domain/object-store.ts";
import { wholeExport } from "./exported.ts";
import { type HttpClient, issuePaths } from "./http-client.ts";

/** What the contract says of exports. @param server once it is up @param published the name of an index of `rows` rows */
export function describeExports(
  server: () => { http: HttpClient; bucket: string; store: ObjectStore },
  published: { index: string; rows: number },
): void {
  describe("rows that leave as Parquet", () => {
    const { index } = published;
    const exported = async (target: string, more: object = {}) => {
      const { http } = server();
      const { status, body } = await http.startJob({ type: "export", index, target, ...more });
      expect([status, body]).toEqual([202, body]);
      return http.jobWhen(body.id, ({ state }) => state !== "running");
    };

    test("lie under the target with a manifest, and migrated they are the same documents", async () => {
      const { http, bucket, store } = server();
      const target = `${bucket}/exports/contract`;
      const { generation } = (await http.call("getIndex", { index })).body.published;
      const job = await exported(target, { fileRows: Math.ceil(published.rows / 2) });
      expect(job).toMatchObject({
        ...{ type: "export", state: "succeeded", error: null, generation },
        ...{ rows: { done: published.rows, total: published.rows }, units: { done: 2, total: 2 } },
        notes: [expect.stringMatching(new RegExp(`^exports version \\d+ of generation ${generation}$`))],
      });
      const { manifest } = await wholeExport(store, "exports/contract/");
      expect(manifest).toMatchObject({ index, rows: published.rows, job: job.id });
      const { columns, metric } = (await http.call("getIndex", { index })).body.published;
      expect(manifest["columns"]).toEqual(columns);
      const back = await http.migrate("exported", target, { bucket, metric, indexType: "IVF_FLAT" });
      expect(back.error).toBeNull();
      const documentsOf = async (name: string) => {
        const query = "?limit=1000&consistency=strong";
        const { documents } = (await http.call("listDocuments", { index: name }, { query })).body;
        const byId = (a: { doc_id: string }, b: { doc_id: string }) => a.doc_id.localeCompare(b.doc_id);
        return documents.sort(byId);
      };
      expect(await documentsOf("exported")).toEqual(await documentsOf(index));
      expect((await http.call("dropIndex", { index: "exported" })).status).toBe(204);
    });

    test("go where nothing is: a target that has something is refused, and left as it is", async () => {
      const { bucket, store } = server();
      await store.put("exports/taken/notes.txt", new Uint8Array([1]));
      expect(await exported(`${bucket}/exports/taken`)).toMatchObject({
        state: "failed",
        error: { code: "conflict", message: expect.stringContaining("notes.txt") },
      });
      expect((await store.list("exports/taken/")).map(({ key }) => key)).toEqual(["exports/taken/notes.txt"]);
    });

    test("leave under exports/ of buckets that are written to alone, from indexes that there are", async () => {
      const { http, bucket } = server();
      const start = (target: string, of = index) => http.startJob({ type: "export", index: of, target });
      for (const target of [
        ...["lance/x", "registry/x", "exports", "exports/", "exports/../x", "exports/_x", "exports//x"],
        ...["exports/a\\b", "exports/a b", "exports/%2e%2e/x", "x/exports/y"],
      ])
        expect(issuePaths(await start(`${bucket}/${target}`)), target).toEqual(["body.target"]);
      const answers = await Promise.all([
        start("nowhere/exports/x"),
        start("examples/exports/x"),
        start(`${bucket}/exports/x`, "nowhere"),
      ]);
      expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
        [404, "bucket-not-found"],
        [403, "bucket-read-only"],
        [404, "index-not-found"],
      ]);
    });
  });
}
