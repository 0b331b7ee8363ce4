// What a run may find without failing: each with the reason why it is as it should be. One that is not found any more fails the run as well.
// plan: its name in plans.mjs, or several; module; condition: the suite's name for what it checked ('' for a module's result); result: warning, failure, skip.
const basic = ['basic', 'formpost-basic'];

export const expected = [
  ...['oidcc-scope-profile', 'oidcc-scope-all'].map((module) => ({
    plan: basic, module, condition: 'VerifyScopesReturnedInUserInfoClaims', result: 'warning',
    why: 'The register knows no nickname, website, zoneinfo and the like; a portrait (picture) is released by name only, never by a scope.',
  })),
];
