// What each plan came to, kept beside its logs, so that a plan that ran again takes its old place in the table.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../tests/lib/servers.mjs';
import { plans } from './plans.mjs';
import { head, lines } from './results.mjs';

const file = (folder, name) => join(folder, `${name}.json`);

/** What was tested, by what, when. */
export async function circumstances(suite) {
  const { version, revision } = await suite.json('GET', 'api/server');
  const commit = execFileSync('git', ['-C', root, 'describe', '--always', '--dirty', '--exclude=*'], { encoding: 'utf8' }).trim();
  return `Conformance suite ${version} (${revision}), ${new Date().toISOString().slice(0, 10)}, Konsao ${commit}`;
}

/** `row`: of the table. Kept in `folder`, with the circumstances. */
export function keep(folder, row, circumstances) {
  writeFileSync(file(folder, row.plan), JSON.stringify({ ...row, circumstances }));
}

const cells = (line) => `| ${line.join(' | ')} |`;

const variantOf = ({ plan, variant }) => [plan.replace(/(-certification)?-test-plan$/, ''), ...Object.values(variant)].join(', ');

/** The tables of all plans that `folder` keeps, in Markdown: one for each circumstances. */
export function markdown(folder) {
  const known = plans.filter(({ name }) => existsSync(file(folder, name)));
  const kept = known.map((plan) => ({ ...JSON.parse(readFileSync(file(folder, plan.name), 'utf8')), variant: variantOf(plan) }));
  const groups = [...new Set(kept.map((row) => row.circumstances))];
  return groups.map((circumstances) => {
    const rows = kept.filter((row) => row.circumstances === circumstances);
    const variants = [...rows.map((row) => row.variant), ''];
    const body = lines(rows).map(([name, ...numbers], i) => cells([name, variants[i], ...numbers]));
    const [first, ...rest] = head;
    const top = [cells([first, "the suite's plan and variant", ...rest]), cells(['---', '---', ...rest.map(() => '---:')])];
    return `${circumstances}:\n\n${[...top, ...body].join('\n')}\n`;
  }).join('\n');
}
