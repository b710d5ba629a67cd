// The editor of a rule pack: saving a draft, and its faults at their lines.
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { defaultHighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";

import { actions, api, say } from "./common.js";

const page = document.querySelector("#editor");
const plain = page.querySelector("textarea");
const list = document.querySelector("#faults");
let digest = page.dataset.digest || null;
let saved = page.dataset.unsaved ? null : plain.defaultValue; // null: what it shows is kept nowhere yet
const early = document.activeElement === plain; // who began to type before this was loaded goes on

// In a shadow root CodeMirror makes its styles as a sheet of its own, which the content security policy lets it: in the
// page itself it would write a <style>, which is stopped.
const root = document.createElement("div");
plain.hidden = true;
page.append(root);
const view = new EditorView({
  parent: root.attachShadow({ mode: "open" }),
  root: root.shadowRoot,
  state: EditorState.create({
    doc: plain.value,
    extensions: [
      lineNumbers(),
      lintGutter(),
      history(),
      drawSelection(),
      highlightActiveLine(),
      highlightSelectionMatches(),
      search({ top: true }),
      yaml(),
      indentUnit.of("  "),
      syntaxHighlighting(defaultHighlightStyle),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": plain.getAttribute("aria-label"), tabindex: "0" }),
      EditorView.theme({
        "&": { height: "calc(100vh - 250px)", minHeight: "320px", fontSize: "13px", backgroundColor: "#fff" },
        "&.cm-focused": { outline: "2px solid #1f5fa8" },
        ".cm-scroller": { overflow: "auto" },
        ".cm-gutters": { color: "#5a6675", backgroundColor: "#f6f7f9" },
      }),
      // Escape, then Tab leaves the editor: who has no mouse must not be caught in it.
      keymap.of([{ key: "Mod-s", run: () => !!actions["save-draft"]() }]),
      keymap.of([...searchKeymap, ...historyKeymap, indentWithTab, ...defaultKeymap]),
    ],
  }),
});
if (early) view.focus();

const changed = () => view.state.doc.toString() !== saved;

/** The place of a line that may be gone by now. */
const lineAt = (number) => view.state.doc.line(Math.min(Math.max(number, 1), view.state.doc.lines));

function show(faults) {
  const marks = faults.map(({ line, message }) => ({ ...lineAt(line), severity: "error", message }));
  view.dispatch(setDiagnostics(view.state, marks.map(({ from, to, severity, message }) => ({ from, to, severity, message }))));
  list.replaceChildren(
    ...faults.map(({ line, message }) => {
      const button = Object.assign(document.createElement("button"), { className: "quiet", textContent: `${page.dataset.line} ${line}` });
      Object.assign(button.dataset, { do: "go-to", line });
      const item = document.createElement("li");
      item.append(button, " ", message);
      return item;
    }),
  );
  list.hidden = !faults.length;
  document.querySelector("#fine").hidden = faults.length > 0;
}

actions["go-to"] = ({ dataset }) => {
  view.dispatch({ selection: { anchor: lineAt(Number(dataset.line)).from }, effects: EditorView.scrollIntoView(lineAt(Number(dataset.line)).from, { y: "center" }) });
  view.focus();
};

actions["save-draft"] = async () => {
  const text = view.state.doc.toString();
  const draft = await api("PUT", `/v1/rules/packs/${page.dataset.pack}/draft`, { text, replaces: digest, base: page.dataset.base || null });
  if (!draft) return;
  ({ digest } = draft);
  saved = text;
  for (const name of ["#discard", "#compare"]) document.querySelector(name).hidden = false;
  show(draft.faults);
  say(page.dataset.saved, draft.faults.length ? "" : "good");
  return draft;
};

actions["discard-draft"] = async (button) => {
  if (!confirm(button.dataset.sure)) return;
  if (!(await api("DELETE", `/v1/rules/packs/${page.dataset.pack}/draft?replaces=${digest}`))) return;
  saved = view.state.doc.toString();
  location.reload();
};

window.addEventListener("beforeunload", (event) => changed() && event.preventDefault());

if (page.dataset.unsaved) say(page.dataset.unsaved);
else show(JSON.parse(page.dataset.faults));
