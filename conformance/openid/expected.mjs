// What a run may find without failing: each with the reason why it is as it should be. One that is not found any more fails the run as well.
// plan: its name in plans.mjs, or several; module; condition: the suite's name for what it checked ('' for a module's result); result: warning, failure, skip.
export const expected = [
];
