// One call: the recording drawn, heard and followed, and what a person makes of the findings; everything by key too.
import { actions, api, follow, say, texts, typing, unasked } from "./common.js";

const $ = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];
const id = $("#head").dataset.call;
const canvas = $("#wave");
const audio = $("#audio");

const clock = (seconds) => {
  const whole = Math.round(seconds || 0);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const tail = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
};

// --- the waveform ---------------------------------------------------------------------------------------------------

let whole = null; // all of it, coarse: {start, end, peaks}
let close = null; // the part that was zoomed into
let waiting = false;
let zoom = 1;
let from = 0; // seconds at the left edge
const length = () => audio?.duration || Number(canvas.getAttribute("aria-valuemax")) || 1;
const shown = () => length() / zoom;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

/** A part of the waveform. Only one recording is drawn at a time: whoever comes second asks again until it is made. */
async function ask(start, end) {
  const to = `/v1/calls/${id}/waveform?${new URLSearchParams(end ? { start, end } : {})}`;
  let answer = await fetch(to);
  for (let tries = 0; answer.status === 503 && tries < 60; tries++) {
    waiting = true;
    draw();
    await pause(Number(answer.headers.get("Retry-After")) || 5);
    answer = await fetch(to);
  }
  waiting = false;
  if (!answer.ok) return null;
  const part = await answer.json();
  // Quiet speech, a hundredth of full scale, is still to be seen: the root of it is a tenth.
  part.peaks = part.peaks.map((channel) => channel.map((peak) => Math.sqrt(peak / 100)));
  if (canvas.dataset.agent === "1") part.peaks.reverse();
  return part;
}

async function load() {
  waiting = true; // an hour takes its time; drawn once the page is laid out
  whole = await ask();
  draw();
}

const covers = (part) => part && part.start <= Math.max(0, from) + 0.1 && part.end >= Math.min(length(), from + shown()) - 0.1;

/** Once one has stopped moving: what is looked at and half as much on either side, if all of it is too coarse. */
async function look_closer() {
  if (zoom < 1.5 || covers(close)) return;
  const [start, end] = [Math.max(0, from - shown() / 2), from + shown() * 1.5];
  close = (await ask(start.toFixed(2), end.toFixed(2))) ?? close;
  draw();
}

function draw() {
  if (!canvas) return;
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = window.devicePixelRatio || 1;
  if (canvas.width !== width * scale) [canvas.width, canvas.height] = [width * scale, height * scale];
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  const x = (seconds) => ((seconds - from) / shown()) * width;
  for (const mark of marks().sort((one, other) => DEPTH.indexOf(one.kind) - DEPTH.indexOf(other.kind))) {
    pen.fillStyle = colour(`--${mark.kind}`);
    const wide = Math.max(3, x(mark.end) - x(mark.start));
    // Steps that were done only say where: what needs a look must stand out.
    pen.globalAlpha = mark.kind === "step" ? 0 : 0.22;
    pen.fillRect(x(mark.start), 0, wide, height);
    pen.globalAlpha = 1;
    pen.fillRect(x(mark.start), mark.kind === "step" ? height - 3 : 0, wide, 3);
  }
  const part = zoom > 1 && covers(close) ? close : whole;
  const row = height / Math.max(part?.peaks.length ?? 0, 1);
  part?.peaks.forEach((channel, n) => drawChannel(pen, part, channel, width, row * (n + 0.5), row / 2 - 4, ["--agent", "--customer"][n]));
  pen.font = "11px sans-serif";
  pen.fillStyle = colour("--quiet");
  if (waiting && !part) pen.fillText(canvas.dataset.waiting, 40, height / 2);
  if (part?.peaks.length === 2) {
    [pen.lineWidth, pen.strokeStyle] = [3, colour("--card")]; // to be read over whatever is drawn there
    JSON.parse(canvas.dataset.names).forEach((name, n) => {
      pen.strokeText(name, 4, row * n + 14);
      pen.fillText(name, 4, row * n + 14);
    });
  }
  pen.fillStyle = colour("--ink");
  pen.fillRect(x(audio.currentTime), 0, 1.5, height);
}

function drawChannel(pen, part, channel, width, middle, half, ink) {
  const played = ((audio.currentTime - from) / shown()) * width;
  const rate = channel.length / (part.end - part.start || 1);
  const at = (column) => Math.floor((from - part.start + (column / width) * shown()) * rate);
  pen.fillStyle = colour(ink); // once: asking for a style is the slowest thing here
  for (let column = 0; column < width; column += 2) {
    const first = at(column);
    const last = Math.max(first + 1, at(column + 2));
    let peak = 0;
    for (let n = Math.max(0, first); n < last && n < channel.length; n++) peak = Math.max(peak, channel[n]);
    const size = Math.max(0.5, peak * half);
    pen.globalAlpha = column < played ? 1 : 0.5;
    pen.fillRect(column, middle - size, 1.5, size * 2);
  }
  pen.globalAlpha = 1;
}

const kinds = ["veto", "major", "minor"];
const DEPTH = ["step", "signal", "minor", "major", "veto"]; // the gravest is drawn last, over the others
const marks = () =>
  all("[data-mark]").map((remark) => ({
    start: Number(remark.dataset.mark),
    end: Number(remark.dataset.until),
    kind: remark.classList.contains("violation")
      ? (kinds.find((name) => remark.classList.contains(name)) ?? "minor")
      : remark.classList.contains("signal") ? "signal" : "step",
  }));

function zoomBy(factor, at = audio.currentTime) {
  const place = (at - from) / shown();
  zoom = Math.min(Math.max(1, zoom * factor), Math.max(1, length() / 10));
  look(at - place * shown());
}

function look(left) {
  from = Math.min(Math.max(0, left), length() - shown());
  draw();
  clearTimeout(look.timer);
  look.timer = setTimeout(look_closer, 200);
}

// --- playing --------------------------------------------------------------------------------------------------------

// How one likes to listen holds for the next call too.
const [SPEED, SKIP] = ["tingjian.speed", "tingjian.skip"];

let current = null; // the utterance being said, or chosen
let spoken = null; // every utterance with its time: sixty times a second is too often to look for them in the page
const utterances = () => (spoken ??= all("#lines > li[data-start]").map((line) => [Number(line.dataset.start), line]));

const saidAt = (seconds) => utterances().findLast(([start]) => start <= seconds + 0.05)?.[1];

function seek(seconds, play = false) {
  if (!audio) return saidAt(seconds) && choose(saidAt(seconds)); // of a text one goes to the line
  audio.currentTime = Math.min(Math.max(0, seconds), length() - 0.05);
  if (play) audio.play();
  tick();
}

function tick() {
  const now = audio.currentTime;
  $("#clock").textContent = `${clock(now)} / ${clock(length())}`;
  canvas.setAttribute("aria-valuenow", now.toFixed(1));
  canvas.setAttribute("aria-valuetext", clock(now));
  if (now < from || now > from + shown()) look(now - shown() * 0.1);
  else draw();
  const line = saidAt(now);
  if (line && line.id !== current?.id) choose(line, !audio.paused && isReading());
}

/** Whether some of the dialogue is in sight: where it lies below the findings, playing does not take one away from them. */
function isReading() {
  const { top, bottom } = $(".dialogue").getBoundingClientRect();
  return top < innerHeight && bottom > 0;
}

function choose(line, scroll = true) {
  all("#lines > .now").forEach((other) => other.classList.remove("now"));
  current = line;
  line.classList.add("now");
  if (scroll) line.scrollIntoView({ block: "nearest" });
}

function skipSilence() {
  if (!$("#skip").checked || audio.paused) return;
  const now = audio.currentTime;
  const silence = JSON.parse(canvas.dataset.pauses).find(([start, end]) => now > start + 0.3 && now < end - 0.5);
  if (silence) audio.currentTime = silence[1] - 0.3;
}

function follower() {
  skipSilence();
  tick();
  if (!audio.paused) requestAnimationFrame(follower);
}

if (audio) {
  const button = $("[data-do=play]");
  audio.addEventListener("play", () => ((button.textContent = button.dataset.pause), follower()));
  audio.addEventListener("pause", () => (button.textContent = button.dataset.play));
  audio.addEventListener("loadedmetadata", tick);
  audio.addEventListener("seeked", tick);
  audio.addEventListener("error", () => ($("#audio-fault").hidden = false));
  $("#speed").value = localStorage.getItem(SPEED) ?? "1";
  $("#skip").checked = localStorage.getItem(SKIP) === "true";
  $("#speed").addEventListener("change", faster);
  $("#skip").addEventListener("change", ({ target }) => localStorage.setItem(SKIP, target.checked));
  faster();
  canvas.addEventListener("click", (event) => seek(from + (event.offsetX / canvas.clientWidth) * shown()));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const at = from + (event.offsetX / canvas.clientWidth) * shown();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) look(from + (event.deltaX / canvas.clientWidth) * shown());
    else zoomBy(event.deltaY < 0 ? 1.25 : 0.8, at);
  }, { passive: false });
  new ResizeObserver(draw).observe(canvas);
  load();
}

function speed(steps) {
  const speeds = $("#speed");
  speeds.selectedIndex = Math.min(Math.max(0, speeds.selectedIndex + steps), speeds.options.length - 1);
  faster();
}

function faster() {
  const { value } = $("#speed");
  // The default too: a recording that is still loading falls back to it.
  audio.defaultPlaybackRate = audio.playbackRate = Number(value);
  localStorage.setItem(SPEED, value);
}

function say_line(steps) {
  const lines = all("#lines > li");
  const at = current ? lines.findIndex((line) => line.id === current.id) + steps : 0;
  const line = lines[Math.min(Math.max(0, at), lines.length - 1)];
  if (!line) return;
  choose(line);
  if (line.dataset.start) seek(Number(line.dataset.start));
}

// --- findings -------------------------------------------------------------------------------------------------------

const chosen = () => $(".finding.chosen");

const findings = () => all(".findings > .finding, .steps > .finding.failed, .steps > .finding.skipped");

function pick(finding) {
  chosen()?.classList.remove("chosen");
  if (!finding) return;
  finding.classList.add("chosen");
  for (const folded of [finding.closest("details"), finding.querySelector(":scope > details")]) if (folded) folded.open = true;
  const [time, place] = [finding.querySelector("[data-seek]"), finding.querySelector("a.time")];
  if (time) seek(Number(time.dataset.seek));
  else if (place) choose($(place.hash));
  if (time || place) current?.scrollIntoView({ block: "center" });
  // Last: what is to be decided must be in sight, whatever else moved.
  finding.scrollIntoView({ block: "nearest" });
  finding.focus({ preventScroll: true });
}

function pickNext(steps) {
  const list = findings();
  const at = list.indexOf(chosen());
  pick(list[at < 0 ? (steps > 0 ? 0 : list.length - 1) : (at + steps + list.length) % list.length]);
}

/** After a verdict: the next finding that waits for one, from here on and then from the top. */
function goOn(last) {
  const list = findings();
  const at = list.findIndex((finding) => finding.id === last);
  const next = [...list.slice(at + 1), ...list.slice(0, at)].find((finding) => finding.querySelector("[data-do=upheld]"));
  if (next) return pick(next);
  say(texts.all_ruled, "good");
  $("#next")?.focus();
}

function rule(verdict) {
  const button = chosen()?.querySelector(`[data-do=${verdict}]`);
  if (button) actions[verdict](button);
  else say(texts.no_finding);
}

async function review(button, verdict) {
  const note = button.closest(".ruling").querySelector(".note").value;
  if (!(await api("POST", `/v1/findings/${button.dataset.finding}/review`, { verdict, note }))) return;
  await refresh();
  goOn(`f${button.dataset.finding}`);
}

/** The page as it is now, put in place without losing where one is: the recording plays on. */
async function refresh(headers = {}) {
  const answer = await fetch(location.href, { headers });
  if (!answer.ok || answer.redirected) return location.reload();
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [kept, place] = [chosen()?.id, [window.scrollY, $(".judged").scrollTop]];
  const [held, notes] = [document.activeElement.closest("#body [id]")?.id, written()];
  for (const part of ["#head", "#body"]) $(part).replaceWith(fresh.querySelector(part));
  spoken = null;
  window.scrollTo(0, place[0]);
  $(".judged").scrollTop = place[1];
  for (const [finding, note] of notes) {
    const field = document.getElementById(finding)?.querySelector(".note");
    if (field) field.value = note;
  }
  if (kept) document.getElementById(kept)?.classList.add("chosen");
  if (held) document.getElementById(held)?.focus({ preventScroll: true });
  if (current) current = document.getElementById(current.id);
  current?.classList.add("now");
  if (audio) draw();
}

/** Notes that are begun and not sent, by finding. */
const written = () => all(".note").flatMap((field) => (field.value ? [[field.closest(".finding").id, field.value]] : []));

// --- what the machine missed ----------------------------------------------------------------------------------------

let missed = null; // {utterance, span} of the words selected

/** Where in its utterance's text a place in the page is, in characters as Python counts them. */
function offset(text, node, at) {
  const before = document.createRange();
  before.selectNodeContents(text);
  before.setEnd(node, at);
  return [...before.toString()].length;
}

function selected() {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) {
    if (!current) return say(texts.select_first);
    selection.selectAllChildren(current.querySelector(".text"));
  }
  const { startContainer, startOffset, endContainer, endOffset } = selection.getRangeAt(0);
  const texts_of = [startContainer, endContainer].map((node) => (node.nodeType === 3 ? node.parentElement : node).closest(".text"));
  if (!texts_of[0]) return say(texts.select_first);
  if (texts_of[0] !== texts_of[1]) return say(texts.one_line);
  const span = [offset(texts_of[0], startContainer, startOffset), offset(texts_of[0], endContainer, endOffset)];
  return { utterance: Number(texts_of[0].closest("li").dataset.number), span, quote: selection.toString() };
}

document.addEventListener("submit", async (event) => {
  if (event.target.dataset.form !== "add" || event.submitter.value !== "add") return;
  const { category, note } = Object.fromEntries(new FormData(event.target));
  const { utterance, span } = missed;
  if (await api("POST", `/v1/calls/${id}/findings`, { category, note, utterance, span })) await refresh();
  event.target.reset();
});

/** Keep the call from being deleted, for that reason; null: it may be again. */
async function hold(reason) {
  if (!(await api("PUT", `/v1/calls/${id}/hold`, { reason }))) return;
  await refresh();
  $("#release, #hold")?.focus();
}

document.addEventListener("submit", (event) => {
  if (event.target.dataset.form !== "hold") return;
  event.preventDefault();
  hold(new FormData(event.target).get("reason"));
});

document.addEventListener("change", async ({ target }) => {
  if (target.id !== "assignee") return;
  if (await api("PUT", `/v1/calls/${id}/assignee`, { user: target.value || null })) say(target.dataset.done, "good");
  else await refresh(); // to whom it is given
});

// --- actions and keys -----------------------------------------------------------------------------------------------

Object.assign(actions, {
  play: () => (audio?.paused ? audio.play() : audio?.pause()),
  "zoom-in": () => zoomBy(1.6),
  "zoom-out": () => zoomBy(1 / 1.6),
  upheld: (button) => review(button, "upheld"),
  overturned: (button) => review(button, "overturned"),
  async withdraw({ dataset }) {
    if (await api("DELETE", `/v1/reviews/${dataset.review}`)) await refresh();
  },
  release: () => hold(null),
  async rescore() {
    if (await api("POST", `/v1/calls/${id}/rescore`)) await refresh();
  },
  async swap({ dataset }) {
    if (confirm(dataset.sure) && (await api("POST", `/v1/calls/${id}/swap-speakers`))) await refresh();
  },
  add() {
    missed = selected();
    if (!missed) return;
    $("#add-quote").textContent = missed.quote;
    $("#add").showModal();
  },
});

const press = (selector) => $(selector)?.click();
const keys = {
  " ": actions.play,
  ArrowLeft: () => seek(audio.currentTime - 5),
  ArrowRight: () => seek(audio.currentTime + 5),
  j: () => say_line(1),
  k: () => say_line(-1),
  "[": () => speed(-1),
  "]": () => speed(1),
  z: () => press("#skip"),
  "+": () => zoomBy(1.6),
  "=": () => zoomBy(1.6),
  "-": () => zoomBy(1 / 1.6),
  n: () => pickNext(1),
  p: () => pickNext(-1),
  u: () => rule("upheld"),
  o: () => rule("overturned"),
  c: () => chosen()?.querySelector(".note")?.focus(),
  m: () => press("[data-do=add]"),
  s: () => press("[data-do=swap]"),
  r: () => press("[data-do=rescore], [data-do=retry]"),
  v: () => press("#unmask"),
  g: () => press("#next"),
  b: () => press("#back"),
  Enter: () => press(".finding.chosen [data-seek]"),
};
const sounding = new Set([" ", "ArrowLeft", "ArrowRight", "[", "]", "z", "+", "=", "-"]);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches(".note")) event.target.blur();
  const pressing = [" ", "Enter"].includes(event.key) && event.target.closest("button, a, summary, [type=checkbox]");
  if (typing(event) || pressing || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  if (sounding.has(event.key) && !audio) return;
  event.preventDefault();
  keys[event.key]();
});

document.addEventListener("click", (event) => {
  const time = event.target.closest("[data-seek]");
  if (time) return seek(Number(time.dataset.seek), true);
  const remark = event.target.closest(".remark");
  if (remark) {
    event.preventDefault();
    return pick($(remark.getAttribute("href")));
  }
  const text = event.target.closest("#lines .text");
  const line = text?.closest("[data-start]");
  if (line && getSelection().isCollapsed) seek(Number(line.dataset.start), true);
  const finding = event.target.closest(".finding");
  if (finding && !event.target.closest("button, input, summary")) {
    chosen()?.classList.remove("chosen");
    finding.classList.add("chosen");
  }
});

// A hit of a search, or a promise, is a link to its utterance.
const named = () => {
  const line = location.hash.startsWith("#u") && document.getElementById(location.hash.slice(1));
  if (!line) return;
  choose(line);
  if (line.dataset.start && audio) audio.readyState ? seek(Number(line.dataset.start)) : audio.addEventListener("loadedmetadata", () => seek(Number(line.dataset.start)), { once: true });
};
window.addEventListener("hashchange", named);
named();

const unfinished = () => ["queued", "transcribing", "judging"].includes($("#head").dataset.status);
follow(
  (call) => {
    if (String(call.id) !== id) return;
    const progress = $("#body progress");
    if (progress && call.status === "transcribing" && $("#head").dataset.status === call.status) progress.value = call.progress ?? 0;
    else if (call.status !== $("#head").dataset.status) refresh(unasked);
  },
  (working) => unfinished() && !working.some((call) => String(call.id) === id) && refresh(unasked),
);
