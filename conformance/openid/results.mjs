// What a module's log says against what was expected of it.

const bad = { FAILURE: 'failure', WARNING: 'warning' };

/** The conditions of a module that failed or warned, and the module's own result when it was skipped or did not end: [{condition, result, message}]. */
export function findings(info, log) {
  const found = log.filter((entry) => bad[entry.result]).map((entry) => ({
    condition: entry.src, result: bad[entry.result], message: entry.msg ?? '', detail: entry.error ?? entry.exception ?? '',
  }));
  if (info.result === 'SKIPPED') found.push({ condition: '', result: 'skip', message: log.find((entry) => entry.result === 'SKIPPED')?.msg ?? 'skipped' });
  if (info.stuck || info.status === 'INTERRUPTED')
    found.push({ condition: '', result: 'failure', message: info.stuck ?? 'it was interrupted' });
  else if (info.result === 'FAILED' && found.length === 0)
    found.push({ condition: '', result: 'failure', message: 'it failed without a word' });
  return found;
}

/** The expectations of a run, and which of them were met. */
export class Expectations {
  constructor(list) {
    this.list = list.map((entry) => ({ ...entry, plans: [entry.plan].flat(), met: new Set() }));
  }

  /** Whether a finding was expected of this module. */
  meets(plan, module, { condition, result }) {
    const entry = this.list.find((one) => one.plans.includes(plan) && one.module === module && one.condition === condition && one.result === result);
    entry?.met.add(plan);
    return entry !== undefined;
  }

  /** What was expected of the modules that ran, and was not found. */
  unmet(plan, modules) {
    return this.list.filter((entry) => entry.plans.includes(plan) && modules.includes(entry.module) && !entry.met.has(plan));
  }
}

const columns = {
  modules: () => true, passed: ({ result }) => result === 'PASSED', review: ({ result }) => result === 'REVIEW', warnings: ({ result }) => result === 'WARNING',
  skipped: ({ result }) => result === 'SKIPPED', failed: ({ result }) => ['FAILED', 'INTERRUPTED', 'UNKNOWN'].includes(result),
};

/** How many modules there were of each kind: {modules, passed, …}. */
export const counts = (modules) => Object.fromEntries(Object.entries(columns).map(([name, belongs]) => [name, modules.filter(belongs).length]));

export const head = ['plan', ...Object.keys(columns), 'unexpected'];

/** The counts of plans as lines of cells, with their sum when there are several. `rows`: [{plan, unexpected, …counts}]. */
export function lines(rows) {
  const sum = (name) => rows.reduce((total, row) => total + row[name], 0);
  const total = ['all', ...head.slice(1).map(sum)];
  return [...rows.map((row) => head.map((name) => row[name])), ...(rows.length > 1 ? [total] : [])];
}

/** The same for a terminal. */
export function table(rows) {
  const all = [head, ...lines(rows)];
  const wide = head.map((_, i) => Math.max(...all.map((line) => String(line[i]).length)));
  return all.map((line) => line.map((cell, i) => (i === 0 ? String(cell).padEnd(wide[i]) : String(cell).padStart(wide[i]))).join('  ')).join('\n');
}
