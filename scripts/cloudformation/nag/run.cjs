/** Writes what cdk-nag finds in a template to `validation-report.json` of a folder: `node run.cjs TEMPLATE FOLDER`. */
const [template, outdir] = process.argv.slice(2);
const { App, Stack, Validations } = require("aws-cdk-lib");
const { CfnInclude } = require("aws-cdk-lib/cloudformation-include");
const { AwsSolutionsChecks, ServerlessChecks } = require("cdk-nag");

const app = new App({ outdir, analyticsReporting: false });
const stack = new Stack(app, "stage");
new CfnInclude(stack, "template", { templateFile: template });
for (const Checks of [AwsSolutionsChecks, ServerlessChecks]) Validations.of(app).addPlugins(new Checks(app));
app.synth();
