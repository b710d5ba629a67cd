// What every page loads: htmx, kept within the content security policy, and the list that follows its calls.
import htmx from "htmx.org";

import { actions, api, follow, headers, say, texts, typing } from "./common.js";

Object.assign(htmx.config, {
  allowEval: false,
  includeIndicatorStyles: false,
  historyCacheSize: 0, // pages are about debtors: none is kept in the browser
  refreshOnHistoryMiss: true,
  scrollBehavior: "instant",
});

// An address says only what was asked for.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  Object.assign(detail.headers, headers());
  for (const [name, value] of [...detail.formData.entries()]) if (value === "") detail.formData.delete(name);
});
document.addEventListener("htmx:responseError", ({ detail }) => {
  const page = new DOMParser().parseFromString(detail.xhr.responseText, "text/html");
  say(page.querySelector("main p")?.textContent ?? texts.failed, "fault");
});
document.addEventListener("htmx:sendError", () => say(texts.offline, "fault"));

const list = () => document.querySelector("[data-live]");
const unfinished = ["queued", "transcribing", "judging"];

async function refresh(id) {
  const row = document.querySelector(`#call-${id}`);
  if (!row) return location.reload();
  const answer = await fetch(`/calls/${id}/row?${list().dataset.live}`);
  if (!answer.ok) return;
  const made = document.createElement("template");
  made.innerHTML = await answer.text();
  row.replaceWith(made.content.querySelector("tr"));
}

// New calls never push away the row that somebody is reading: one is told of those that the filters let through.
let noticing = null;
function notice({ id }) {
  const { newest, live } = list().dataset;
  if (!newest || id <= Number(newest) || noticing || !document.querySelector("#fresh").hidden) return;
  noticing = setTimeout(async () => {
    noticing = null;
    const fresh = !live || (await (await fetch(`/calls/fresh?${live}&after=${newest}`)).json()) === true;
    if (fresh && list().dataset.live === live) document.querySelector("#fresh").hidden = false;
  }, live ? 3000 : 0);
}

actions.retry = async ({ dataset }) => {
  if (await api("POST", `/v1/calls/${dataset.call}/retry`)) refresh(dataset.call);
};

// Which columns there are is kept by this browser, and asked for with every row.
document.addEventListener("change", ({ target }) => {
  const form = target.closest("[data-form=columns]");
  if (!form) return;
  const chosen = [...form.querySelectorAll(":checked")].map((box) => box.name);
  document.cookie = `tingjian_columns=${["call", ...chosen].join(".")}; path=/calls; max-age=31536000; samesite=strict`;
  htmx.ajax("GET", location.pathname + location.search, { target: "#list", swap: "outerHTML" });
});

// What is folded away is made when it is first unfolded: most fields of the list's page are, and a browser takes its time
// for each.
document.addEventListener("toggle", ({ target }) => {
  const folded = target.open && target.querySelector(":scope > template");
  if (!folded) return;
  folded.replaceWith(folded.content);
  htmx.process(target);
}, true);

// A menu closes when one goes on elsewhere.
const menus = () => document.querySelectorAll("details.menu[open]");
document.addEventListener("click", ({ target }) => menus().forEach((menu) => menu.contains(target) || (menu.open = false)));
document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  menus().forEach((menu) => {
    menu.open = false;
    menu.querySelector("summary").focus();
  });
});

// Who works without a mouse goes from call to call; a call has keys of its own.
const CALLS = ".queue a, table.calls td.call a, #more a";
document.addEventListener("keydown", (event) => {
  const step = { j: 1, k: -1 }[event.key];
  if (!step || typing(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("#lines")) return;
  const calls = [...document.querySelectorAll(CALLS)];
  const at = calls.indexOf(document.activeElement);
  calls[at < 0 ? 0 : Math.min(Math.max(0, at + step), calls.length - 1)]?.focus();
});
// The first of the rows that were asked for goes on where the button for them was; those that only came into sight move nothing.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id !== "more" || !detail.target.contains(document.activeElement)) return;
  const known = document.querySelectorAll("td.call a").length;
  document.addEventListener("htmx:afterSettle", () => document.querySelectorAll("td.call a")[known]?.focus(), { once: true });
});
// One comes back from a call to its row; not before the page is loaded, when the browser goes to the row and focuses nothing.
window.addEventListener("load", () => {
  const row = location.hash.startsWith("#call-") && document.getElementById(location.hash.slice(1));
  if (row) setTimeout(() => row.querySelector("a")?.focus());
});

if (list()) {
  follow(
    (call) => {
      const row = document.querySelector(`#call-${call.id}`);
      if (!row) notice(call);
      else if (call.status === "transcribing" && row.dataset.status === call.status) {
        row.querySelector("[data-progress]").textContent = ` ${Math.round((call.progress ?? 0) * 100)}%`;
      } else if (row.dataset.status !== call.status) refresh(call.id);
    },
    (working) => {
      const ids = new Set(working.map((call) => String(call.id)));
      for (const row of document.querySelectorAll("tr[data-id]"))
        if (unfinished.includes(row.dataset.status) && row.dataset.status !== "queued" && !ids.has(row.dataset.id))
          refresh(row.dataset.id);
    },
  );
}
