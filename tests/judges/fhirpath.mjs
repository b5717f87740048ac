// Evaluates FHIRPath with the engine of the US National Library of Medicine: forms that calculate, views that flatten.
// Standard input: {"modules": folder whose node_modules has fhirpath, "forms": [[form, response], ...], "views": [[view, resource], ...]}.
// Standard output: {"forms": [{linkId: total}], "views": [[row, ...], ...]}.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const given = JSON.parse(readFileSync(0, "utf8"));
const require = createRequire(given.modules + "/");
const fhirpath = require("fhirpath");
const model = require("fhirpath/fhir-context/r4");
const plain = (value) => (value && typeof value === "object" && "data" in value ? value.data : value);
const at = (node, path, env) => fhirpath.evaluate(node, path, env, model, { resolveInternalTypes: true });
const CALCULATED = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression";

function totals([form, response]) {
  const env = { resource: response, questionnaire: form };
  for (const one of form.extension ?? []) {
    const variable = one.valueExpression;
    env[variable.name] = at(response, variable.expression, env);
  }
  const found = {};
  for (const item of form.item) {
    const how = (item.extension ?? []).find((one) => one.url === CALCULATED);
    if (how) found[item.linkId] = at(response, how.valueExpression.expression, env).map(plain);
  }
  return found;
}

function rows(select, node, resource) {
  const path = select.forEach ?? select.forEachOrNull;
  let nodes = path === undefined ? [node] : node === null ? [] : at(node, path, {});
  if (path !== undefined && !nodes.length && select.forEachOrNull) nodes = [null];
  return nodes.flatMap((one) => {
    const own = {};
    for (const { name, path } of select.column ?? []) {
      const value = one === null ? [] : path === "getResourceKey()" ? [resource.id] : at(one, path, {});
      if (value.length > 1) throw new Error("more than one value for " + name);
      own[name] = value.length ? plain(value[0]) : null;
    }
    const inside = (selects) => selects.flatMap((inner) => rows(inner, one, resource));
    let all = [own];
    for (const inner of select.select ?? []) all = all.flatMap((row) => inside([inner]).map((r) => ({ ...row, ...r })));
    if (select.unionAll) all = all.flatMap((row) => inside(select.unionAll).map((r) => ({ ...row, ...r })));
    return all;
  });
}

const views = given.views.map(([view, resource]) => rows({ select: view.select }, resource, resource));
process.stdout.write(JSON.stringify({ forms: given.forms.map(totals), views }));
