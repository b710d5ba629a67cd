// Users and keys: what is changed goes to the API, and the page then shows what holds.
import { actions, api, say } from "./common.js";

const $ = (selector) => document.querySelector(selector);
const texts = JSON.parse($("#users").dataset.texts);
const user = (place) => encodeURIComponent(place.closest("tr").dataset.user);

/** Everybody as they are now, with what is written of them and not saved; `saved`: whose is. */
async function refresh(saved) {
  const answer = await fetch(location.href);
  if (!answer.ok || answer.redirected) return location.reload();
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = new Map(rows(fresh).map((row) => [row.dataset.user, row]));
  for (const row of rows(document)) if (unsaved(row) && row.dataset.user !== saved) carry(row, now.get(row.dataset.user));
  $("#everybody").replaceWith(fresh.querySelector("#everybody"));
  // Whom a key may belong to; the rest of that form is as it was filled in.
  const [owner, owners] = [$("[name=owner]"), fresh.querySelector("[name=owner]")];
  if ([...owners.options].some(({ value }) => value === owner.value)) owners.value = owner.value;
  owner.replaceWith(owners);
  filter();
}

const rows = (page) => [...page.querySelectorAll("tr[data-user]")];
const unsaved = (row) => !row.querySelector("[data-do=save-user]").hidden;

function carry(from, to) {
  if (!to) return;
  for (const field of from.querySelectorAll("[name]")) to.querySelector(`[name=${field.name}]`).value = field.value;
  to.querySelector("[data-do=save-user]").hidden = false;
}

/** A password or a key's secret: it is never to be seen again. */
function show(title, secret) {
  $("#secret h2").textContent = title;
  $("#secret code").textContent = secret;
  $("#secret").showModal();
}

const change = async (button, values, sure) => {
  const { user: name } = button.closest("tr").dataset;
  if (sure && !confirm(sure.replace("{name}", name))) return;
  if (await api("PATCH", `/v1/users/${user(button)}`, values)) {
    say(texts.saved, "good");
    await refresh("disabled" in values ? undefined : name);
  }
};

const fields = (place) => Object.fromEntries([...place.querySelectorAll("[name]")].map(({ name, value }) => [name, value.trim() || null]));

Object.assign(actions, {
  "save-user": (button) => change(button, fields(button.closest("tr"))),
  "disable-user": (button) => change(button, { disabled: true }, texts.disable_sure),
  "enable-user": (button) => change(button, { disabled: false }),
  async "reset-password"(button) {
    const { user: name } = button.closest("tr").dataset;
    if (!confirm(texts.reset_sure.replace("{name}", name))) return;
    const made = await api("POST", `/v1/users/${user(button)}/password`);
    if (made) show(`${texts.password_of} ${made.name}`, made.password);
  },
  async "revoke-key"(button) {
    const { name } = button.closest("tr").dataset;
    if (!confirm(texts.revoke_sure.replace("{name}", name))) return;
    if (await api("DELETE", `/v1/keys/${encodeURIComponent(name)}`)) await refresh();
  },
  async copy() {
    const range = document.createRange();
    range.selectNodeContents($("#secret code"));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    // A browser gives scripts the clipboard over HTTPS only; what is selected can be copied by hand.
    await navigator.clipboard?.writeText($("#secret code").textContent);
  },
});

document.addEventListener("input", ({ target }) => {
  const row = target.closest("tr[data-user]");
  if (row) row.querySelector("[data-do=save-user]").hidden = false;
  if (target.id === "find") filter();
});

function filter() {
  const wanted = $("#find").value.trim().toLowerCase();
  for (const row of document.querySelectorAll("#everybody tbody tr")) {
    const said = [row.textContent, ...[...row.querySelectorAll("input")].map((input) => input.value)].join(" ");
    row.hidden = !said.toLowerCase().includes(wanted);
  }
}

const forms = {
  async user(form) {
    const made = await api("POST", "/v1/users", fields(form));
    if (made) show(`${texts.password_of} ${made.name}`, made.password);
    return made;
  },
  async key(form) {
    const { owner, expires_at } = fields(form);
    const [kind, value] = [owner.slice(0, 4), owner.slice(5)];
    const scopes = [...form.querySelectorAll("[name=scopes]:checked")].map((box) => box.value);
    const until = expires_at && `${expires_at}T23:59:59`;
    const wanted = { name: form.elements.name.value, [kind]: value, expires_at: until, scopes: scopes.length ? scopes : null };
    const made = await api("POST", "/v1/keys", wanted);
    if (made) show(`${texts.secret_of} ${made.name}`, made.secret);
    return made;
  },
};

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!Object.hasOwn(forms, form.dataset.form ?? "")) return;
  event.preventDefault();
  if (!(await forms[form.dataset.form](form))) return;
  form.reset();
  await refresh();
});
