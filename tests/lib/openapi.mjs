// docs/openapi.json, and calls that are held against it: nothing is sent or answered that the document does not describe.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Browser } from './browser.mjs';
import { root } from './servers.mjs';

const form = 'application/x-www-form-urlencoded';
const pointer = (...path) => path.map((part) => `/${encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('');

/** Statuses of the response "default": answers of the server as such, wherever they happen. */
const anywhere = new Set([404, 405, 408, 413, 414, 431, 500]);

/** Closes what the document leaves open for later: a member that it does not name is a fault. */
function close(schema, composed = false) {
  for (const list of ['allOf', 'anyOf', 'oneOf']) schema[list]?.forEach((part) => close(part, true));
  for (const group of ['properties', 'patternProperties']) Object.values(schema[group] ?? {}).forEach((part) => close(part));
  for (const part of [schema.items, schema.additionalProperties]) if (typeof part === 'object') close(part);
  if (!composed && schema.unevaluatedProperties === undefined) schema.unevaluatedProperties = false;
}

export class Description {
  document = JSON.parse(readFileSync(join(root, 'docs/openapi.json'), 'utf8'));
  seen = new Set();
  #ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor() {
    const closed = structuredClone(this.document);
    Object.values(closed.components.schemas).forEach((schema) => close(schema, true));
    for (const holder of this.#holders(closed)) close(holder.schema);
    this.#ajv.addSchema(closed, 'openapi');
  }

  /** Everything that has a schema of its own: bodies, parameters, headers. */
  *#holders(node) {
    if (typeof node !== 'object' || node === null) return;
    if (typeof node.schema === 'object') yield node;
    for (const [name, part] of Object.entries(node)) if (name !== 'schemas') yield* this.#holders(part);
  }

  /** The operations, as [method, path, operation]. */
  operations() {
    return Object.entries(this.document.paths).flatMap(([path, item]) => ['get', 'put', 'post', 'delete', 'head', 'patch', 'options']
      .filter((method) => item[method]).map((method) => [method.toUpperCase(), path, item[method]]));
  }

  operation(method, path) {
    const item = this.document.paths[path];
    assert.ok(item?.[method.toLowerCase()], `the document has no ${method} ${path}`);
    return item[method.toLowerCase()];
  }

  /** Follows a reference: the object, and where in the document it is. */
  #at(...path) {
    let node = this.document;
    for (let i = 0; i < path.length; i++) {
      node = node?.[path[i]];
      if (node?.$ref && path[i] !== 'schema') return this.#at(...node.$ref.slice(2).split('/'), ...path.slice(i + 1));
    }
    return { node, pointer: pointer(...path) };
  }

  #check(what, value, schemaPointer) {
    const validate = this.#ajv.getSchema(`openapi#${schemaPointer}`);
    assert.ok(validate, `no schema at ${schemaPointer}`);
    if (validate(value)) return;
    const faults = validate.errors.map(({ instancePath, message, params }) => `${instancePath || '/'} ${message}: ${JSON.stringify(params)}`);
    assert.fail(`${what}, and docs/openapi.json:\n${faults.join('\n')}\n${JSON.stringify(value)}`);
  }

  /** Sends a request to `path` of the document, and holds the answer against it; a request that succeeds is held against it too. `values` fill in the path.
   * Answers with the page of Browser.request, and `json`. */
  async call(issuer, method, path, { values = {}, query, fields, json, headers = {}, browser = new Browser() } = {}) {
    const url = new URL(issuer + path.replace(/\{(\w+)\}/g, (_, name) => values[name]));
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.append(name, value);
    const init = { method, headers: { ...headers } };
    if (fields) init.body = new URLSearchParams(fields);
    if (json !== undefined) Object.assign(init, { body: typeof json === 'string' ? json : JSON.stringify(json), headers: { ...headers, 'content-type': 'application/json' } });
    const answer = await browser.request(url.href, init);
    this.checkAnswer(method, path, answer);
    if (answer.status < 400 && !new URL(answer.location ?? issuer).searchParams.has('error')) this.#checkRequest(method, path, { query, fields, json });
    return answer;
  }

  /** A fetch that holds each answer against the document. */
  get fetch() {
    return async (url, init) => {
      const answer = await fetch(url, init);
      const body = await answer.text();
      this.checkAnswer(init.method, new URL(url).pathname, { status: answer.status, headers: answer.headers, body });
      return new Response(body, answer);
    };
  }

  checkAnswer(method, path, answer) {
    const what = `${method} ${path}: ${answer.status}`;
    const { responses } = this.operation(method, path);
    const status = responses[answer.status] ? String(answer.status) : 'default';
    assert.ok(status !== 'default' || anywhere.has(answer.status), `${what} is not described\n${answer.body}`);
    this.seen.add(`${method} ${path} ${status}`);
    const at = ['paths', path, method.toLowerCase(), 'responses', status];
    this.#checkHeaders(what, answer.headers, at);
    const { node: content = {} } = this.#at(...at, 'content');
    const type = answer.headers.get('content-type')?.split(';')[0];
    if (!this.#at(...at, 'content').node) {
      assert.equal(answer.body, '', `${what} has a body that is not described`);
      return;
    }
    assert.ok(content[type], `${what}: ${type} is not described`);
    if (/json$/.test(type)) answer.json = JSON.parse(answer.body);
    this.#check(what, answer.json ?? answer.body, this.#at(...at, 'content', type, 'schema').pointer);
  }

  #checkHeaders(what, headers, at) {
    for (const name of Object.keys(this.#at(...at, 'headers').node ?? {})) {
      const value = headers.get(name);
      assert.ok(value !== null || !this.#at(...at, 'headers', name).node.required, `${what}: the header ${name} is missing`);
      if (value !== null) this.#check(`${what}, ${name}`, value, this.#at(...at, 'headers', name, 'schema').pointer);
    }
  }

  #checkRequest(method, path, { query, fields, json }) {
    const at = ['paths', path, method.toLowerCase()];
    const body = fields ?? json;
    if (body !== undefined)
      this.#check(`the body of ${method} ${path}`, body, this.#at(...at, 'requestBody', 'content', fields ? form : 'application/json', 'schema').pointer);
    if (!query) return;
    const parameters = this.operation(method, path).parameters ?? [];
    const whole = parameters.findIndex((one) => one.in === 'query' && one.explode);
    if (whole >= 0) this.#check(`the query of ${method} ${path}`, query, this.#at(...at, 'parameters', String(whole), 'schema').pointer);
    else for (const name of Object.keys(query)) assert.ok(parameters.some((one) => one.in === 'query' && one.name === name), `${name} of ${method} ${path} is not described`);
  }

  /** Described statuses that no call has met, as "METHOD /path status". */
  unmet() {
    return this.operations().flatMap(([method, path, { responses }]) =>
      Object.keys(responses).filter((status) => status !== 'default').map((status) => `${method} ${path} ${status}`)).filter((one) => !this.seen.has(one));
  }
}
