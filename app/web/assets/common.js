// What the scripts of all pages share: asking the API, telling the user, following the calls as they come along.

export const texts = JSON.parse(document.body.dataset.texts);

/** The session's token, without the noise it was mixed with: see app/web/pages.py. */
function token() {
  const mixed = document.querySelector("meta[name=csrf]")?.content ?? "";
  const bytes = mixed.match(/../g)?.map((pair) => parseInt(pair, 16)) ?? [];
  const half = bytes.length / 2;
  return bytes.slice(half).map((byte, n) => (byte ^ bytes[n]).toString(16).padStart(2, "0")).join("");
}

/** What a page asks for by itself comes with this: a browser that nobody sits at does not stay signed in by it. */
export const unasked = { "X-Unasked": "true" };

/** Headers for whatever changes something. */
export const headers = () => ({ "X-CSRF-Token": token() });

/** Tell the user, in words, and to screen readers. */
export function say(text, kind = "") {
  const place = document.querySelector("#says");
  place.textContent = text;
  place.className = kind;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (place.className = "gone"), 6000);
}

/** Ask the API; what went wrong is said, and undefined returned. */
export async function api(method, path, body) {
  const json = body === undefined ? {} : { "Content-Type": "application/json" };
  try {
    const answer = await fetch(path, { method, headers: { ...headers(), ...json }, body: body && JSON.stringify(body) });
    if (answer.status === 401 && answer.headers.get("WWW-Authenticate") === "Bearer") location.reload();
    const told = answer.status === 204 ? {} : await answer.json();
    if (answer.ok) return told;
    say(told.detail ?? texts.failed, "fault");
  } catch {
    say(texts.offline, "fault");
  }
}

let leaving = false;

/** Functions by the name in data-do; pages add their own. */
export const actions = {
  async "sign-out"() {
    leaving = true; // or what is told of the end on another line would bring one back here
    leaving = await api("DELETE", "/v1/session");
    if (leaving) location.assign("/login");
  },
  print: () => window.print(),
  keys: () => document.querySelector("#keys")?.showModal(),
  language({ dataset }) {
    document.cookie = `tingjian_language=${dataset.language}; path=/; max-age=31536000; samesite=lax`;
    location.reload();
  },
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button) actions[button.dataset.do]?.(button);
});

document.addEventListener("submit", async (event) => {
  if (event.target.dataset.form !== "password") return;
  event.preventDefault();
  const { old, new: fresh } = Object.fromEntries(new FormData(event.target));
  const session = await api("PUT", "/v1/session/password", { old, new: fresh });
  if (!session) return;
  say(event.target.dataset.done, "good");
  event.target.reset();
  // The session is another one now, and with it the token; nothing has to be mixed with it here.
  document.querySelector("meta[name=csrf]").content = "0".repeat(session.csrf.length) + session.csrf;
});

document.addEventListener("keydown", (event) => {
  if (typing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "?") actions.keys();
  const field = event.key === "/" && document.querySelector("[data-key='/']");
  if (!field) return;
  event.preventDefault();
  field.select();
});

/** Whether a key belongs to a field that somebody writes in. */
export const typing = (event) => event.target.closest("input:not([type=checkbox]), textarea, select, dialog[open]");

/** Call `changed` with every call that comes further, and `all` with those under way whenever the line is made anew. */
export function follow(changed, all = () => {}) {
  const events = new EventSource("/v1/events");
  events.addEventListener("call", (event) => changed(JSON.parse(event.data)));
  // Whoever may no longer listen is told on a page of its own; what is being written is not taken away.
  events.addEventListener("end", () => {
    events.close();
    if (!leaving && !document.activeElement?.matches("input, textarea")) location.reload();
  });
  events.addEventListener("snapshot", (event) => all(JSON.parse(event.data).calls));
  // A page that is left keeps nothing open: a browser has six lines to a server.
  window.addEventListener("pagehide", () => events.close());
}
