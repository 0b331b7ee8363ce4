'use strict';

/* What the app keeps on this device, in IndexedDB: the device's key, who it is, an enrolment that was begun. The key
 * can be used but not read, not even by this script. */
const store = (() => {
  let opened;

  function open() {
    opened ??= new Promise((resolve, reject) => {
      const request = indexedDB.open('konsao', 1);
      request.onupgradeneeded = () => request.result.createObjectStore('kept');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    return opened;
  }

  async function run(mode, work) {
    const database = await open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction('kept', mode);
      const request = work(transaction.objectStore('kept'));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
  }

  return {
    get: (name) => run('readonly', (kept) => kept.get(name)),
    set: (name, value) => run('readwrite', (kept) => kept.put(value, name)),
    remove: (name) => run('readwrite', (kept) => kept.delete(name)),
  };
})();

/* Who this device is. `session` is never written down: it is for as long as the app is open. */
const device = {
  key: null,
  authenticator: null,
  session: null,

  async load() {
    const kept = await store.get('device');
    if (kept) Object.assign(this, { key: kept.key, authenticator: kept.authenticator });
  },

  newKey: () => crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']),

  async become(key, { authenticator, session }) {
    Object.assign(this, { key, authenticator });
    this.unlocked(session);
    await store.set('device', { key, authenticator });
    navigator.storage?.persist?.(); // so that a full phone does not throw the key away
  },

  async refresh(authenticator) {
    this.authenticator = authenticator;
    await store.set('device', { key: this.key, authenticator });
  },

  unlocked(session) {
    this.session = session && { token: session.token, until: Date.now() + session.expires_in * 1000 };
  },

  isUnlocked() {
    return this.session !== null && Date.now() < this.session.until;
  },

  waits() {
    return this.authenticator.active_at * 1000 > Date.now();
  },

  async forget() {
    Object.assign(this, { key: null, authenticator: null, session: null });
    await store.remove('device');
  },
};
