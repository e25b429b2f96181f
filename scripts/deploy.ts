import { askedDeployment } from "./deploy/asked.ts";
import { deployStage } from "./deploy/deploy-stage.ts";
import { explained } from "./deploy/explained.ts";

const usage = `npm run deploy -- --stage prod --region eu-west-1 --bucket my-bucket [--auth keys|iam|jwt] [--param name=value …]
    [--lakehouse FILE]   that declares more buckets than that one, as primary
    [--url URL]          where the API is served, if not at the address that API Gateway gives it`;

// Ended by hand, what it has started here ends as well.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

try {
  const asked = askedDeployment(process.argv.slice(2), process.env);
  const url = await deployStage(asked, (line) => console.log(line));
  const { stage, region, auth } = asked;
  const how = auth === "iam" ? "signed by who is granted something" : "with a key or token in its headers";
  console.log(`
The stage ${stage} serves at ${url}

  ${url}/indexes   what there is, ${how} (docs/access.md)
  npm run deploy -- …   the same again, after a change of code or of parameters
  npm run remove -- --stage ${stage} --region ${region}   undoes it, and keeps the data`);
} catch (error) {
  console.error(
    `\nnot deployed: ${explained(error)}${process.argv.length < 4 ? `\n\n${usage}` : "\nRun it again once that is mended: it goes on from there."}`,
  );
  process.exitCode = 1;
}
