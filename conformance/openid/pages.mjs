// What the suite's browser (HtmlUnit) does on Konsao's pages: scripts of its configuration's `browser` section. All steps of a sign-in are at /signin/ID, so a
// step is told by its field or button, and each may be missing: a session needs no code, a consent from before no consent.

const enter = (field, value, before = []) => ({
  task: `Enter ${field}`, optional: true, match: '*/signin/*',
  commands: [
    ...before, ['text', 'id', field, value, 'optional'],
    ['click', 'xpath', `//form[.//input[@id='${field}']]//button[@value='continue']`, 'optional'],
  ],
});

const press = (action) => ({
  task: `Press ${action}`, optional: true, match: '*/signin/*', commands: [['click', 'xpath', `//button[@value='${action}']`, 'optional']],
});

// A picture of the page that the certification wants to see.
const photograph = (what, xpath) => ['wait', 'xpath', xpath, 10, '\\S', what];
const errorPage = "//main[.//dt[.='error']]//h1";

/** The scripts for one resident, each a list for `browser`. `at`: the relying party, as which the suite plays. */
export function pages({ issuer, at, kidc, code }) {
  const finish = { task: 'Arrive at the relying party', match: `${at}/callback*`, commands: [['wait', 'id', 'submission_complete', 10]] };
  const authorize = `${issuer}/authorize*`;
  const logout = `${issuer}/logout*`;
  const steps = (before) => [enter('kidc', kidc, before), enter('otp', code)];
  const signIn = { match: authorize, tasks: [...steps(), press('allow'), finish] };
  const failing = (match) => ({
    match, tasks: [{ task: 'See the error page', match, commands: [photograph('update-image-placeholder', errorPage)] }],
  });
  const signOut = (...last) => ({
    match: logout,
    tasks: [{ task: 'Confirm', optional: true, match: logout, commands: [['click', 'xpath', "//button[@value='logout']", 'optional']] }, ...last],
  });
  const signedOut = {
    task: 'See that the session is over', match: logout, commands: [photograph('update-image-placeholder', "//main[@class='plain' and not(.//form)]//h1")],
  };
  return {
    /** Signs in, allows everything; signs out, and goes back. */
    usual: [signIn, signOut(
      { task: 'Let other relying parties know', optional: true, match: logout, commands: [['click', 'id', 'next', 'optional']] },
      { task: 'Arrive at the relying party', match: `${at}/post*` },
    )],
    /** The same, with a picture of the sign-in page when one is wanted. */
    photographed: [{ match: authorize, tasks: [...steps([photograph('update-image-placeholder-optional', '(//main//h1)[last()]')]), press('allow'), finish] }],
    /** A picture of the sign-in page with something on it, and no more. */
    seen: (what) => [{
      match: authorize, tasks: [{ task: 'See the page', match: '*/signin/*', commands: [photograph('update-image-placeholder', `//main//h1[${what}]`)] }],
    }],
    refused: [failing(authorize)],
    /** Signs in, unless there is an error page here or at the relying party. */
    either: [{
      match: authorize,
      tasks: [{ task: 'See an error page', optional: true, match: authorize, commands: [photograph('update-image-placeholder-optional', errorPage)] },
        ...steps(), press('allow'), { ...finish, optional: true }],
    }],
    logoutRefused: [signIn, failing(logout)],
    logoutEndsHere: [signIn, signOut(signedOut)],
    /** Comes twice, and signs in the second time. */
    twice: [{ match: authorize, 'match-limit': 1, tasks: [{ task: 'See the page and leave', match: '*/signin/*' }] }, signIn],
    cancelled: [{ match: authorize, tasks: [press('cancel'), finish] }],
  };
}

/** Modules whose script is not the usual one. */
export function overrides(scripts) {
  const of = (script, ...modules) => modules.map((module) => [module, { browser: script }]);
  return Object.fromEntries([
    ...of(scripts.photographed, 'oidcc-prompt-login', 'oidcc-max-age-1'),
    ...of(scripts.either, 'oidcc-ensure-request-object-with-redirect-uri'),
    ...of(scripts.refused, 'oidcc-ensure-registered-redirect-uri', 'oidcc-ensure-redirect-uri-in-authorization-request',
      'oidcc-redirect-uri-query-added', 'oidcc-redirect-uri-query-mismatch'),
    ...of(scripts.cancelled, 'fapi2-security-profile-final-user-rejects-authentication'),
    ...of(scripts.twice, 'fapi2-security-profile-final-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds'),
    ...of(scripts.seen("//img[starts-with(@src, '/client-logo/')]"), 'oidcc-registration-logo-uri'),
    ...of(scripts.seen("//a[starts-with(@href, 'https://') and @target='_blank']"), 'oidcc-registration-policy-uri', 'oidcc-registration-tos-uri'),
    ...of(scripts.logoutRefused, 'oidcc-rp-initiated-logout-bad-post-logout-redirect-uri', 'oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri',
      'oidcc-rp-initiated-logout-modified-id-token-hint', 'oidcc-rp-initiated-logout-bad-id-token-hint', 'oidcc-rp-initiated-logout-no-id-token-hint'),
    ...of(scripts.logoutEndsHere, 'oidcc-rp-initiated-logout-no-params', 'oidcc-rp-initiated-logout-no-post-logout-redirect-uri',
      'oidcc-rp-initiated-logout-only-state'),
  ]);
}
