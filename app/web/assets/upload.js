// Many recordings at once: each with its own progress, its own faults in plain words, and its result when it is there.
import { follow, headers, say, texts, unasked } from "./common.js";

const form = document.querySelector("#upload");
const rows = document.querySelector("#files tbody");
const { upload: words, status, result } = JSON.parse(form.dataset.texts);
const AT_ONCE = 3; // a browser has six lines to a server, and one of them follows the calls

const waiting = []; // rows whose turn comes
const sent = new Map(); // call id -> row
const told = new Map(); // file name -> what a sheet says of it
let sending = 0;

const facts = (file) => {
  const given = Object.fromEntries([...new FormData(form)].filter(([name, value]) => value && name !== "files"));
  if (given.as_id) given.external_id = file.name;
  delete given.as_id;
  if (given.overdue_days) given.overdue_days = Number(given.overdue_days);
  return { ...given, ...told.get(file.name) };
};

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const isSheet = (file) => file.name.toLowerCase().endsWith(".csv");

/** Sheets first: they say what is known of the recordings that came with them. */
async function take(files) {
  const all = [...files];
  await Promise.all(all.filter(isSheet).map(readSheet));
  add(all.filter((file) => !isSheet(file)));
}

async function readSheet(file) {
  const line = document.querySelector("#sheets").appendChild(document.createElement("li"));
  try {
    const to = `/upload/sheet?${new URLSearchParams({ name: file.name })}`;
    const answer = await fetch(to, { method: "POST", body: file, headers: { ...headers(), "Content-Type": "text/csv" } });
    const sheet = await answer.json();
    if (!answer.ok) return Object.assign(line, { textContent: `${file.name}：${sheet.detail}`, className: "fault" });
    for (const [name, known] of Object.entries(sheet.facts)) told.set(name, known);
    line.textContent = fill(words.sheet_read, { name: file.name, count: Object.keys(sheet.facts).length });
    for (const textContent of sheet.faults)
      line.append(Object.assign(document.createElement("p"), { textContent, className: "fault" }));
  } catch {
    Object.assign(line, { textContent: fill(words.sheet_lost, { name: file.name }), className: "fault" });
  }
}

const cell = (row, content, kind = "") => {
  row.cells[2].replaceChildren(...[content].flat());
  row.cells[2].className = kind;
  tally();
};

function add(files) {
  for (const file of files) {
    const row = rows.insertRow();
    const known = told.size ? (told.has(file.name) ? words.listed : words.unlisted) : "";
    for (const text of [file.name, size(file.size), words.waiting, known]) row.insertCell().textContent = text;
    row.cells[1].className = "num";
    row.file = file;
    if (file.size > Number(form.dataset.most) * 1024 * 1024) cell(row, words.too_large, "fault");
    else waiting.push(row);
  }
  document.querySelector("#files").hidden = !rows.rows.length;
  tally();
  next();
}

/** How far all of them are, and whether something is lost by leaving the page. */
function tally() {
  const of = (kind) => rows.querySelectorAll(`td.${kind}`).length;
  const [all, good, flagged, failed] = [rows.rows.length, of("good"), of("flag"), of("fault")];
  const counted = { all, done: good + flagged, flagged, failed, left: all - good - flagged - failed };
  document.querySelector("#none").textContent = all ? fill(words.tally, counted) : words.empty;
}
window.addEventListener("beforeunload", (event) => (sending || waiting.length) && event.preventDefault());

const size = (bytes) => (bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`);

function next() {
  while (sending < AT_ONCE && waiting.length) send(waiting.shift());
}

// Not fetch: it does not tell how much was sent.
function send(row) {
  sending += 1;
  const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0, ariaLabel: words.sending });
  cell(row, bar);
  const request = new XMLHttpRequest();
  request.upload.onprogress = (event) => (bar.value = event.loaded / event.total);
  request.onloadend = () => {
    sending -= 1;
    answered(row, request);
    next();
  };
  request.open("POST", "/v1/calls");
  request.responseType = "json";
  for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
  const body = new FormData();
  body.append("metadata", JSON.stringify(facts(row.file)));
  body.append("audio", row.file);
  request.send(body);
}

function answered(row, request) {
  const { status: code, response: call } = request;
  if (code === 401) return (waiting.length = 0), location.reload();
  if (code !== 200 && code !== 202) return failed(row, call?.detail ?? (code ? texts.failed : words.lost));
  sent.set(call.id, row);
  const link = Object.assign(document.createElement("a"), { href: `/calls/${call.id}`, textContent: row.file.name });
  row.cells[0].replaceChildren(link);
  if (code === 200) row.cells[3].textContent = words.known;
  show(row, call);
  look(call.id);
}

function failed(row, detail) {
  const again = Object.assign(document.createElement("button"), { textContent: words.retry, className: "quiet" });
  again.addEventListener("click", () => (cell(row, words.waiting), waiting.push(row), next()));
  cell(row, [detail, " ", again], "fault");
}

function show(row, call) {
  const share = call.status === "transcribing" && call.progress ? ` ${Math.round(call.progress * 100)}%` : "";
  if (call.status === "scored") {
    const flagged = call.flagged ?? row.flagged;
    const told = flagged === undefined ? status.scored : `${flagged ? `⚑ ${result.flagged}` : `✓ ${result.passed}`} ${call.score ?? ""}`;
    cell(row, told, flagged ? "flag" : "good");
  } else if (call.status === "failed") cell(row, call.error ?? status.failed, "fault");
  else cell(row, status[call.status] + share, "moving");
}

// An event may come before the answer to the upload it belongs to: then the call is looked at.
async function look(call) {
  const answer = await fetch(`/v1/calls/${call}`, { headers: unasked });
  if (answer.ok && sent.has(call)) show(sent.get(call), await answer.json());
}

follow(
  (call) => {
    if (!sent.has(call.id)) return;
    if (call.status === "failed") look(call.id);
    else show(sent.get(call.id), call);
  },
  () => sent.forEach((row, call) => row.cells[2].className === "moving" && look(call)),
);

const drop = document.querySelector("#drop");
const input = drop.querySelector("input");
input.addEventListener("change", () => take(input.files).then(() => (input.value = "")));
for (const kind of ["dragenter", "dragover"])
  document.addEventListener(kind, (event) => (event.preventDefault(), drop.classList.add("over")));
for (const kind of ["dragleave", "drop"]) document.addEventListener(kind, () => drop.classList.remove("over"));
document.addEventListener("drop", async (event) => {
  event.preventDefault();
  // Asked for at once: what was dropped is gone after the first await.
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  const files = (await Promise.all(entries.map(within))).flat();
  if (files.length) take(files);
  else say(words.empty);
});

/** A file, or every file in a folder and the folders in it. */
async function within(entry) {
  if (entry.isFile) return [await new Promise((done, failed) => entry.file(done, failed))];
  const reader = entry.createReader();
  const found = [];
  for (let some; (some = await new Promise((done, failed) => reader.readEntries(done, failed))).length; ) found.push(...some);
  return (await Promise.all(found.map(within))).flat().filter((file) => !file.name.startsWith("."));
}
form.addEventListener("submit", (event) => event.preventDefault());
