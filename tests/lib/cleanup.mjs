// What a test file starts it also ends. (node:test's own after() runs at once when it is called inside a before().)
import { after } from 'node:test';

const ends = [];

/** Calls `end` after the file's last test; the newest first. */
export function atEnd(end) {
  ends.push(end);
}

after(async () => {
  const failures = [];
  for (const end of ends.reverse()) await Promise.resolve().then(end).catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
});
