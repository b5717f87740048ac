// Validates resources with the npm package fhir, on its own definitions of R4; an element that it does not know is an error.
// Standard input: {"modules": folder whose node_modules has fhir, "resources": [...]}.
// Standard output: for each resource the list of what is wrong with it.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

// A value of 0 or false is missing to this validator (it tests whether it is truthy): it is shown a 1 or true.
const truthy = (key, value) => (/^value[A-Z]/.test(key) && (value === 0 || value === false) ? (value === 0 ? 1 : true) : value);
const given = JSON.parse(readFileSync(0, "utf8"), truthy);
const { Fhir } = createRequire(given.modules + "/")("fhir");
const judge = new Fhir();

function objections(resource) {
  const found = judge.validate(resource, { errorOnUnexpected: true });
  const wrong = found.messages.filter((one) => one.severity === "error" || one.severity === "fatal");
  return wrong.map((one) => `${one.location ?? ""}: ${one.message}`);
}
process.stdout.write(JSON.stringify(given.resources.map(objections)));
