import { askedRemoval } from "./deploy/asked.ts";
import { explained } from "./deploy/explained.ts";
import { removeStage } from "./deploy/remove-stage.ts";

const usage = `npm run remove -- --stage prod --region eu-west-1                  stack, layer and logs; data stays
npm run remove -- --stage prod --region eu-west-1 --bucket my-bucket --delete-data prod    data, too`;

try {
  const asked = askedRemoval(process.argv.slice(2), process.env);
  await removeStage(asked, (line) => console.log(line));
} catch (error) {
  console.error(
    `\nnot removed: ${explained(error)}${process.argv.length < 4 ? `\n\n${usage}` : "\nRun it again once that is mended."}`,
  );
  process.exitCode = 1;
}
