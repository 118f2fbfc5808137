// Registers the service worker, and says quietly when a newer version of the site has come.

const STYLE = `
  position: fixed; inset-block-end: 1rem; inset-inline-end: 1rem; z-index: 100001; display: flex; gap: 0.75rem;
  align-items: center; padding: 0.5rem 0.75rem; border: 1px solid GrayText; border-radius: 6px; color-scheme: light dark;
  background: Canvas; color: CanvasText; font: 0.875rem/1.4 system-ui, sans-serif;`;

function tell() {
  if (document.getElementById("pn-update")) return;
  const box = Object.assign(document.createElement("div"), { id: "pn-update", textContent: "A new version is here." });
  box.setAttribute("role", "status");
  box.style.cssText = STYLE;
  const button = (text, action) => {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: text, onclick: action });
    box.append(made);
  };
  button("Reload", () => location.reload());
  button("Later", () => box.remove());
  document.body.append(box);
}

async function watch() {
  const site = new URL("../../", import.meta.url);
  const registration = await navigator.serviceWorker.register(new URL("sw.js", site), { scope: site, updateViaCache: "none" });
  registration.addEventListener("updatefound", () => {
    const { active, installing } = registration;
    if (!active) return; // the first one: the page is of this version
    installing.addEventListener("statechange", () => {
      if (installing.state === "activated") tell();
    });
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") registration.update().catch(() => {}); // no network: another time
  });
}

if ("serviceWorker" in navigator) watch().catch((error) => console.warn("This page will not work offline:", error));
