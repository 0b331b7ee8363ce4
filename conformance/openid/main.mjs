// Holds Konsao against the OpenID conformance suite, see README.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, root } from '../../tests/lib/servers.mjs';
import { expected } from './expected.mjs';
import { configuration, plans } from './plans.mjs';
import { Side } from './provider.mjs';
import { circumstances, keep, markdown } from './report.mjs';
import { Expectations, counts, findings, table } from './results.mjs';
import { Suite } from './suite.mjs';

const usage = `Usage: conformance/openid/run [options] [PLAN[:MODULE,MODULE…]…]
Runs the plans (all of them by default) of the OpenID conformance suite against a Konsao of its own.

  --list         the plans; with PLAN, its modules too
  --host NAME    the name that the suite reaches Konsao by (localhost.emobix.co.uk)
  --port N       … and its port (any free one); not with --jobs
  --jobs N       runs N plans at once, on as many Konsaos (1)
  --export DIR   where the suite's logs and the results of each plan go (build/conformance)
  --markdown F   writes the results of all plans that DIR has to F, as tables
  --stay         leave Konsao running at the end, until Ctrl-C, to look at it
  --help         this text

CONFORMANCE_SERVER     the suite (https://localhost.emobix.co.uk:8443/)
CONFORMANCE_CA         a file with what its certificate is signed by (by itself)
CONFORMANCE_TOKEN      a token for its API, unless it is in its development mode
KONSAO_BUILD           the programs to run (build/release)

Exit code: 0 all as expected, 1 something was not, 2 misused.`;

function misused(why) {
  console.error(`conformance/openid/run: ${why}; see --help`);
  process.exit(2);
}

function readArguments() {
  const options = {
    list: { type: 'boolean' }, stay: { type: 'boolean' }, help: { type: 'boolean' }, host: { type: 'string', default: 'localhost.emobix.co.uk' },
    port: { type: 'string' }, jobs: { type: 'string', default: '1' }, markdown: { type: 'string' },
    export: { type: 'string', default: join(root, 'build/conformance') },
  };
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const chosen = positionals.map((text) => {
      const [name, modules] = text.split(':');
      const plan = plans.find((one) => one.name === name) ?? misused(`there is no plan ${name}`);
      return modules ? { ...plan, only: modules.split(','), partly: true } : plan;
    });
    if (!/^[1-9]$/.test(values.jobs)) misused('--jobs is a number from 1 to 9');
    if (values.jobs > 1 && values.port) misused('--port is for one Konsao, not for --jobs');
    return { ...values, chosen: chosen.length > 0 ? chosen : plans };
  } catch (error) {
    return misused(error.message);
  }
}

/** Runs one module; answers with its result and what was not expected. */
async function runModule(run, side, plan, planId, module) {
  const started = Date.now();
  const id = await run.suite.start(planId, module);
  const whenConfigured = module.testModule === 'oidcc-server-rotate-keys' ? () => side.rotateKeys() : undefined;
  const visitor = plan.visited && (await side.person());
  const info = await run.suite.follow(id, { whenConfigured, visit: visitor && ((url) => visitor.visit(url)) });
  const found = findings(info, await run.suite.log(id));
  const surprises = found.filter((one) => !run.expectations.meets(plan.name, module.testModule, one));
  const result = info.result ?? info.status;
  const type = module.variant?.response_type ? ` [${module.variant.response_type}]` : '';
  run.say(plan, `${result.padEnd(11)} ${module.testModule}${type} (${Math.round((Date.now() - started) / 1000)} s)`);
  for (const { condition, result: what, message, detail } of surprises)
    run.say(plan, `    ${what}: ${condition}: ${message}${detail ? ` (${detail})` : ''}\n        ${new URL(`log-detail.html?log=${id}`, run.suite.url)}`);
  return { name: module.testModule, result, surprises: surprises.length };
}

async function runPlan(run, side, plan) {
  const { id, modules } = await run.suite.createPlan(plan.plan, plan.variant, await configuration(plan, side, run.suite));
  const chosen = modules.filter((one) => !plan.only || plan.only.includes(one.testModule));
  console.log(`${plan.name}: ${plan.plan} ${JSON.stringify(plan.variant)}, ${chosen.length} modules`);
  const results = [];
  for (const module of chosen) results.push(await runModule(run, side, plan, id, module));
  const unmet = run.expectations.unmet(plan.name, results.map((one) => one.name));
  for (const { module, condition, result } of unmet) run.say(plan, `expected but not found: ${module}: ${result} ${condition}`);
  writeFileSync(join(run.export, `${plan.name}.zip`), await run.suite.exportPlan(id));
  const unexpected = unmet.length + results.reduce((sum, one) => sum + one.surprises, 0);
  return { plan: plan.name, ...counts(results), unexpected };
}

/** Takes plans off the list until there are none. One that breaks off does not keep the others from running. */
async function work(run, side) {
  for (let plan; (plan = run.left.shift());) {
    try {
      const row = await runPlan(run, side, plan);
      run.rows.push(row);
      if (!plan.partly) keep(run.export, row, run.circumstances);
    } catch (error) {
      run.brokeOff = true;
      run.say(plan, `broke off: ${error.message}`);
    }
  }
}

async function list(chosen, suite) {
  for (const plan of chosen) {
    console.log(`${plan.name.padEnd(28)} ${plan.plan} ${JSON.stringify(plan.variant)}`);
    if (chosen === plans) continue;
    const { modules } = await suite.json('GET', `api/plan/info/${plan.plan}`);
    for (const module of modules) console.log(`  ${module.testModule ?? module}`);
  }
}

async function main() {
  const options = readArguments();
  if (options.help) return console.log(usage);
  const suite = new Suite(process.env.CONFORMANCE_SERVER ?? 'https://localhost.emobix.co.uk:8443/',
    { ca: process.env.CONFORMANCE_CA, token: process.env.CONFORMANCE_TOKEN });
  if (options.list) return list(options.chosen, suite);
  await suite.available();
  mkdirSync(options.export, { recursive: true });
  const run = {
    suite, export: options.export, expectations: new Expectations(expected), left: [...options.chosen], rows: [], circumstances: await circumstances(suite),
    say: (plan, line) => console.log(options.jobs > 1 ? `  ${plan.name.padEnd(27)} ${line}` : `  ${line}`),
  };
  const sides = [];
  const stop = () => Promise.all(sides.map((side) => side.stop()));
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => stop().finally(() => process.exit(1)));
  try {
    for (let i = 0; i < options.jobs; i++)
      sides.push(await Side.start({ host: options.host, port: options.port ?? (await freePort()), suite: suite.url, ca: await suite.authority() }));
    await Promise.all(sides.map((side) => work(run, side)));
    const inOrder = options.chosen.flatMap(({ name }) => run.rows.filter((row) => row.plan === name));
    console.log(`\n${run.circumstances}\n${table(inOrder)}`);
    if (options.markdown) writeFileSync(options.markdown, markdown(options.export));
    if (options.stay) {
      for (const side of sides) console.log(`\nKonsao stays at ${side.issuer}, the register at ${side.register.url}; Ctrl-C ends them.`);
      await new Promise(() => {});
    }
  } finally {
    await stop();
  }
  process.exitCode = run.brokeOff || run.rows.some((row) => row.unexpected > 0) ? 1 : 0;
}

main().catch((error) => {
  console.error(`conformance/openid/run: ${error.message}`);
  process.exitCode = 1;
});
