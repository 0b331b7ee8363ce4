// The rules by which a run of the OpenID conformance suite fails (conformance/openid/results.mjs). The suite itself is not needed here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Expectations, counts, findings, table } from '../../conformance/openid/results.mjs';
import { expected } from '../../conformance/openid/expected.mjs';
import { plans } from '../../conformance/openid/plans.mjs';

const entry = (result, src = 'Check') => ({ result, src, msg: 'said' });
const warning = { plan: ['basic', 'hybrid'], module: 'one', condition: 'Check', result: 'warning', why: 'so' };

test('failures and warnings are found in a log, successes are not', () => {
  const log = [entry('SUCCESS'), entry('WARNING'), entry('FAILURE', 'Other'), entry('INFO'), {}];
  const found = findings({ status: 'FINISHED', result: 'FAILED' }, log).map((one) => [one.condition, one.result]);
  assert.deepEqual(found, [['Check', 'warning'], ['Other', 'failure']]);
  assert.deepEqual(findings({ status: 'FINISHED', result: 'PASSED' }, [entry('SUCCESS')]), []);
});

test('a skip, a module that hangs, one that was interrupted and one that fails without a word are found', () => {
  const results = (info) => findings(info, []).map((one) => one.result);
  assert.deepEqual(results({ status: 'FINISHED', result: 'SKIPPED' }), ['skip']);
  assert.deepEqual(results({ status: 'WAITING', stuck: 'no script' }), ['failure']);
  assert.deepEqual(results({ status: 'INTERRUPTED' }), ['failure']);
  assert.deepEqual(results({ status: 'FINISHED', result: 'FAILED' }), ['failure']);
});

test('an expectation is for its plan, module, condition and result alone', () => {
  const meets = (plan, module, found) => new Expectations([warning]).meets(plan, module, found);
  const found = { condition: 'Check', result: 'warning' };
  assert.equal(meets('basic', 'one', found), true);
  assert.equal(meets('dynamic', 'one', found), false);
  assert.equal(meets('basic', 'two', found), false);
  assert.equal(meets('basic', 'one', { ...found, condition: 'Other' }), false);
  assert.equal(meets('basic', 'one', { ...found, result: 'failure' }), false);
});

test('an expectation that was not met by a plan whose module ran is told, for each plan', () => {
  const expectations = new Expectations([warning]);
  assert.equal(expectations.unmet('basic', ['one']).length, 1);
  expectations.meets('basic', 'one', { condition: 'Check', result: 'warning' });
  assert.equal(expectations.unmet('basic', ['one']).length, 0);
  assert.equal(expectations.unmet('hybrid', ['one']).length, 1);
  assert.equal(expectations.unmet('hybrid', ['two']).length, 0);
});

test('the table counts every result once', () => {
  const modules = ['PASSED', 'WARNING', 'FAILED', 'SKIPPED', 'REVIEW', 'INTERRUPTED'].map((result) => ({ result }));
  const row = { plan: 'basic', ...counts(modules), unexpected: 3 };
  const { plan, unexpected, modules: all, ...each } = row;
  assert.equal(Object.values(each).reduce((sum, one) => sum + one), all);
  assert.match(table([row]), /basic +6 +1 +1 +1 +1 +2 +3/);
  assert.match(table([row, row]), /all +12 +2 +2 +2 +2 +4 +6/);
});

test('each expectation names plans that exist, and gives a reason', () => {
  const names = plans.map((plan) => plan.name);
  for (const one of expected) {
    for (const plan of [one.plan].flat()) assert.ok(names.includes(plan), plan);
    assert.ok(one.why.length > 20 && ['failure', 'warning', 'skip'].includes(one.result), one.module);
  }
  assert.equal(new Set(names).size, names.length);
});
