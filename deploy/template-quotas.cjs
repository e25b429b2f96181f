/** What CloudFormation takes of one template; neither is raised when asked. A deployment would fail after minutes, without saying what to leave out. */
const quotas = [
  ["resources", 500, ({ Resources = {} }) => Object.keys(Resources).length],
  ["outputs", 200, ({ Outputs = {} }) => Object.keys(Outputs).length],
  ["bytes", 1_048_576, (template) => Buffer.byteLength(JSON.stringify(template))],
];
const takesRoom =
  "each of searchShards takes 6 resources, with searchUrl and searchProvisioned 11; each bucket that is declared takes bytes";

class TemplateQuotas {
  constructor({ service, classes = { Error } }, _options, { log } = {}) {
    this.hooks = {
      // once all plugins are through with it
      "before:aws:package:finalize:saveServiceState": () => {
        const template = service.provider.compiledCloudFormationTemplate;
        log?.notice(`template: ${shownOf(template)}`);
        refuseTooLarge(template, classes.Error);
      },
    };
  }
}

const shownOf = (template) =>
  quotas.map(([of, most, count]) => `${count(template)} of ${most} ${of}`).join(", ");

/** @param Refusal what Serverless shows without a stack */
function refuseTooLarge(template, Refusal) {
  const beyond = quotas.filter(([, most, count]) => count(template) > most);
  if (beyond.length === 0) return;
  const told = beyond.map(
    ([of, most, count]) => `${count(template)} ${of}, of which CloudFormation takes ${most}`,
  );
  throw new Refusal(
    `the template would have ${told.join("; ")}: ${takesRoom}. Fewer of these, or a second stage`,
  );
}

module.exports = TemplateQuotas;
