// Service worker of a site. `BUILD` and `FILES`, each file's hash by its path, stand above.
//
// A page and its workers are answered from one build, the one the page came from, however many builds come meanwhile. A page
// that came from the network, because it was here first, goes on with the network.

const HERE = self.registration.scope;
const PREFIX = `pn ${HERE} `; // several sites of one host share the caches
const CLIENTS = `${PREFIX}clients`;
const YOUNG = 60_000; // ms in which a page may be on its way without being listed

const cacheName = (build) => `${PREFIX}build ${build}`;
const clientUrl = (id) => `${HERE}?client=${id}`;

self.addEventListener("install", (event) => event.waitUntil(take()));
self.addEventListener("activate", (event) => event.waitUntil(tidy()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && request.url.startsWith(HERE)) event.respondWith(answer(event, request));
});

/** Take in this build, whole or not at all. */
async function take() {
  const cache = await caches.open(cacheName(BUILD));
  const requests = Object.entries(FILES).map(
    ([path, integrity]) => new Request(new URL(path.split("/").map(encodeURIComponent).join("/"), HERE), { integrity, cache: "no-cache" }),
  );
  try {
    await cache.addAll(requests);
    if (!(await caches.has(cacheName(BUILD)))) throw new Error("The files of this build were deleted meanwhile");
  } catch (error) { // a file is missing or is not of this build: the site is being replaced right now
    await caches.delete(cacheName(BUILD));
    throw error;
  }
  await self.skipWaiting(); // pages of older builds are still answered from theirs
}

async function answer(event, request) {
  const navigates = request.mode === "navigate";
  const build = navigates ? BUILD : await buildOf(event.clientId);
  if (!build) return fetch(request);
  if (event.resultingClientId) await note(event.resultingClientId, build); // a page, or a worker of one
  if (navigates) event.waitUntil(tidy());
  const url = new URL(request.url);
  url.search = url.hash = "";
  if (url.href.endsWith("/")) url.pathname += "index.html";
  const cache = await caches.open(cacheName(build));
  const found = await cache.match(url.href);
  if (!found) return fetch(request); // nothing of the site's
  const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get("range") ?? "");
  return range ? part(found, range) : found;
}

async function part(response, [, first, last]) {
  const blob = await response.blob();
  const start = first ? Number(first) : Math.max(0, blob.size - Number(last));
  const end = first && last ? Math.min(Number(last) + 1, blob.size) : blob.size;
  if (start >= end) return new Response(null, { status: 416, headers: { "content-range": `bytes */${blob.size}` } });
  const headers = { "content-range": `bytes ${start}-${end - 1}/${blob.size}`, "content-type": response.headers.get("content-type") ?? "" };
  return new Response(blob.slice(start, end), { status: 206, headers });
}

// A worker is stopped and started as the browser likes: what it must remember lies in a cache.
async function note(id, build) {
  const clients = await caches.open(CLIENTS);
  await clients.put(clientUrl(id), new Response(JSON.stringify({ build, since: Date.now() })));
}

async function buildOf(id) {
  const found = await caches.match(clientUrl(id), { cacheName: CLIENTS });
  if (found) return (await found.json()).build;
  // A worker made of text, whose making nobody sees: it is of the build that all pages are of, if they are.
  const builds = new Set();
  const clients = await caches.open(CLIENTS);
  for (const { id: other } of await self.clients.matchAll()) {
    const noted = await clients.match(clientUrl(other));
    if (noted) builds.add((await noted.json()).build);
  }
  return builds.size === 1 ? [...builds][0] : undefined;
}

/** Forget pages that are gone, and the builds that only they used. */
async function tidy() {
  const known = await caches.open(CLIENTS);
  const there = new Set((await self.clients.matchAll({ includeUncontrolled: true, type: "all" })).map(({ id }) => clientUrl(id)));
  const kept = new Set([cacheName(BUILD), CLIENTS]);
  for (const request of await known.keys()) {
    const { build, since } = await (await known.match(request)).json();
    if (there.has(request.url) || Date.now() - since < YOUNG) kept.add(cacheName(build));
    else await known.delete(request);
  }
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && !kept.has(name));
  if (self.registration.installing) return; // one of these may be on its way in
  for (const name of names) await caches.delete(name);
}
