import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Found } from "./check-store.ts";

/** What `npm run check:store -- --record` has found, newest of each store. */
interface CheckedStore {
  store: string;
  date: string;
  outcomes: Record<string, Found["outcome"]>;
}

const file = "bench/results/stores.json";

const checked = (): CheckedStore[] => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : []);

/** @param store its name and version */
export function recordStore(store: string, found: Found[]): void {
  const outcomes = Object.fromEntries(found.map(({ rule, outcome }) => [rule.name, outcome]));
  const others = checked().filter((one) => one.store !== store);
  const all = [...others, { store, date: new Date().toISOString().slice(0, 10), outcomes }];
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
}

/** A column for each store, a row for each rule, as the newest record names them. */
export function storeRows(): string {
  const stores = checked();
  const rules = Object.keys(stores.at(-1)?.outcomes ?? {});
  const row = (first: string, others: string[]) => `| ${[first, ...others].join(" | ")} |`;
  return [
    row(
      "",
      stores.map(({ store, date }) => `${store} (${date})`),
    ),
    row(
      "---",
      stores.map(() => "---"),
    ),
    ...rules.map((rule) =>
      row(
        rule,
        stores.map(({ outcomes }) => outcomes[rule] ?? "not tried"),
      ),
    ),
  ].join("\n");
}
