'use strict';

/* What the passkey signs when a request is approved: exactly what was shown and picked. */
const statement = (() => {
  /* Canonical JSON (RFC 8785), for what the API sends: no fractions. */
  function canonical(value) {
    if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
    if (value === null || typeof value !== 'object') return JSON.stringify(value);
    const members = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
    return `{${members.join(',')}}`;
  }

  const text = (channel, claims, number, shown) => canonical({ channel, claims, decision: 'approve', number, shown });

  /* Its SHA-256: the challenge. */
  const challenge = async (...parts) =>
    new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text(...parts))));

  return { canonical, challenge };
})();
