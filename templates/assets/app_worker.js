/* The service worker. `version` and `files`, everything that the app is made of, are written above by the provider:
 * this text differs when any of them does, and all of them are fetched anew. Calls of the API do not pass through here.
 */
const cacheName = `konsao-app-${version}`;
const page = (lang) => `/app?lang=${lang}`;

async function fill() {
  const cache = await caches.open(cacheName);
  await cache.addAll(files);
  for (const lang of ['km', 'en']) {
    // without credentials: the cookie that says the language is left alone
    const response = await fetch(page(lang), { credentials: 'omit', cache: 'no-store' });
    if (!response.ok) throw new Error(`no page in ${lang}`);
    await cache.put(page(lang), response);
  }
}

async function clean() {
  for (const name of await caches.keys())
    if (name.startsWith('konsao-app-') && name !== cacheName) await caches.delete(name);
  await clients.claim();
}

/* The page in the language that was just chosen, else the one that was used last. */
async function shell(request) {
  const chosen = new URL(request.url).searchParams.get('lang');
  const used = await (await caches.match('/app/lang', { cacheName: 'konsao-lang' }))?.text();
  const kept = await caches.match(page(chosen ?? used ?? 'km'), { cacheName });
  return kept ?? fetch(request);
}

const kept = async (request) => (await caches.match(request, { cacheName })) ?? fetch(request);

addEventListener('install', (event) => event.waitUntil(fill().then(() => skipWaiting())));
addEventListener('activate', (event) => event.waitUntil(clean()));
addEventListener('fetch', (event) => {
  const { pathname, origin, searchParams } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== location.origin) return;
  if (pathname === '/app' && event.request.mode === 'navigate') {
    event.respondWith(shell(event.request));
    // The choice of a language holds for the other pages too, by a cookie that only the provider sets.
    if (searchParams.has('lang')) event.waitUntil(fetch(event.request.url).catch(() => {}));
  } else if (pathname.startsWith('/assets/')) event.respondWith(kept(event.request));
});
