// For `node --test --test-reporter`: says what failed, and why; then one line, NAME: N passed, N failed. NAME comes in TEST_NAME.
export default async function* report(events) {
  let passed = 0, failed = 0;
  const told = new Set();
  for await (const { type, data } of events) {
    if (type === 'test:stderr' || type === 'test:stdout') yield data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const whole = data.nesting === 0 && data.name.endsWith('.test.mjs'); // a file, counted by what is in it
    if (type === 'test:pass' && !data.skip && !data.todo) passed += whole ? 0 : 1;
    else if (!whole || data.details.error.failureType !== 'subtestsFailed') {
      failed++;
      const error = data.details.error?.cause ?? data.details.error;
      const text = indent(error?.stack ?? error);
      const why = told.has(text) ? '    for the same reason' : text;
      told.add(text);
      yield `FAILED ${data.file ? `${data.file.split('/').pop()}: ` : ''}${data.name}${data.skip !== undefined || data.todo !== undefined ? ' (skipped)' : ''}\n${why}\n`;
    }
  }
  yield `${process.env.TEST_NAME}: ${passed} passed, ${failed} failed\n`;
}

const indent = (text) => String(text ?? '').split('\n').slice(0, 40).map((line) => `    ${line}`).join('\n');
