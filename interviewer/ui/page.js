// What the page needs of the browser beyond Gradio: the document's language, the address, and the code pane on phones.
window.interviewer = {
  inLanguage(language) {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.documentElement.dataset.ready = "";
    const title = document.querySelector("#title h1");
    if (title) document.title = title.textContent;
  },
  // The interview is named in the address, so that a reload of this tab finds it and two tabs do not meet.
  atSession(session) {
    const address = new URL(window.location);
    if (session) address.searchParams.set("session", session);
    else address.searchParams.delete("session");
    window.history.replaceState(window.history.state, "", address);
  },
  // A file that was made because it was asked for.
  save(file) {
    if (!file?.url) return;
    const link = document.createElement("a");
    Object.assign(link, { href: file.url, download: file.orig_name ?? "" }).click();
  },
  // What was typed, in the conversation at once; the server's own account of it follows and takes its place.
  pending(text, code, chat, status, language) {
    const said = code?.trim() ? `${text.trim()}\n\n${code.trimEnd()}`.trim() : text;
    const waits = document.querySelector("#send[disabled], #send [disabled]");
    const sent = JSON.stringify(chat.at(-1) ?? "").includes("typed pending");
    if (!said.trim() || said.length > 100000 || waits || sent) return [chat, status];
    const inert = said.replace(/[^\p{L}\p{N} ]/gu, (mark) => `&#${mark.codePointAt(0)};`);
    const content = [{ type: "text", text: `<pre class="typed pending" dir="auto">${inert}</pre>` }];
    const busy = `<p class="status busy" role="status">${this.words[language]?.grading ?? ""}</p>`;
    return [[...chat, { role: "user", content, metadata: {}, options: [] }], busy];
  },
};
// What Gradio gives no handle for: names in the page's language, no ids as tooltips, a conversation that the keyboard scrolls.
setInterval(() => {
  const words = window.interviewer.words[document.documentElement.lang.slice(0, 2)];
  if (!words) return;
  const log = document.querySelector('#chat [role="log"]');
  if (log) Object.assign(log, { tabIndex: 0, ariaLabel: words.chat });
  for (const e of document.querySelectorAll(".debrief :is(.prose, pre, .math, .wide)"))
    if (e.scrollWidth > e.clientWidth) e.tabIndex = 0;
  const more = document.querySelector(".overflow-menu > button");
  if (more) more.ariaLabel = words.more_tabs;
  for (const e of document.querySelectorAll("input[aria-label]"))
    e.ariaLabel = e.ariaLabel.replace(/^(number input|range slider) for /, "");
  for (const e of document.querySelectorAll(":is(.chips, .cards, #language) input[title]")) e.removeAttribute("title");
}, 300);
// The clock of the interview goes on between two turns.
setInterval(() => {
  for (const clock of document.querySelectorAll(".clock[data-spent]")) {
    clock.dataset.seen ??= String(Date.now());
    const seconds = Number(clock.dataset.spent) + Math.floor((Date.now() - Number(clock.dataset.seen)) / 1000);
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    const rest = String(seconds % 60).padStart(2, "0");
    clock.textContent = hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
  }
}, 1000);
// In the code box Tab indents and Enter keeps the indentation; after Escape, Tab leaves as it does elsewhere.
let leaving = false;
document.addEventListener("keydown", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLTextAreaElement) || !box.closest("#code")) return;
  if (event.key === "Escape") leaving = true;
  else if (event.key === "Tab" && !leaving && !event.shiftKey) {
    event.preventDefault();
    document.execCommand("insertText", false, "    ");
  } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    const line = box.value.slice(0, box.selectionStart).split("\n").at(-1);
    const deeper = line.trimEnd().endsWith(":") ? "    " : "";
    document.execCommand("insertText", false, `\n${line.match(/^ */)[0]}${deeper}`);
  } else if (event.key !== "Shift") leaving = false;
}, true);
// Evidence and the key points that rest on it light each other up, by pointer, tap and keyboard.
const lit = (on) => {
  const card = on.closest(".question");
  const point = on.closest(".points > li");
  const number = (li) => String([...li.parentElement.children].indexOf(li) + 1);
  const numbers = point ? [number(point)] : (on.dataset.on ?? "").split(",");
  for (const mark of card.querySelectorAll("mark[data-on]"))
    mark.classList.toggle("lit", mark.dataset.on.split(",").some((n) => numbers.includes(n)));
  for (const li of card.querySelectorAll(".points > li")) li.classList.toggle("lit", numbers.includes(number(li)));
};
const dark = () => {
  document.querySelectorAll(".debrief .lit").forEach((e) => e.classList.remove("lit"));
  document.querySelector("#lit-note")?.remove();
};
// Without a pointer there is no tooltip: what the mark says stands at the edge of the window.
const say = (text) => {
  const note = Object.assign(document.createElement("p"), { id: "lit-note", textContent: text });
  note.setAttribute("role", "status");
  document.querySelector(".gradio-container").append(note);
};
for (const kind of ["pointerover", "click", "focusin"])
  document.addEventListener(kind, (event) => {
    const on = event.target instanceof Element && event.target.closest(".debrief :is(mark[data-on], .points > li)");
    dark();
    if (on) lit(on);
    if (on?.title && kind !== "pointerover") say(on.title);
  });
// What a verdict should have been, in the candidate's view: kept or withdrawn, and said so.
const verdict = async (place, method, wanted) => {
  const body = wanted && JSON.stringify(wanted);
  const address = `/v1/sessions/${place.dataset.verdict}`;
  const problem = place.querySelector(".problem");
  const answer = await fetch(address, { method, body, headers: { "Content-Type": "application/json" } }).catch(() => null);
  problem.hidden = Boolean(answer?.ok);
  problem.textContent = place.dataset.failed;
  if (!answer?.ok) return;
  const [form, thanks] = [place.querySelector("details"), place.querySelector(".thanks")];
  const chosen = place.querySelector("select").selectedOptions[0];
  if (wanted) thanks.querySelector("strong").textContent = chosen.textContent;
  [form.hidden, thanks.hidden, form.open] = [Boolean(wanted), !wanted, false];
  (wanted ? thanks.querySelector("button") : form.querySelector("summary")).focus();
};
document.addEventListener("submit", (event) => {
  const place = event.target.closest(".disagree");
  if (!place) return;
  event.preventDefault();
  verdict(place, "PUT", Object.fromEntries(new FormData(event.target)));
});
document.addEventListener("click", (event) => {
  const place = event.target instanceof Element && event.target.closest(".disagree .thanks button")?.closest(".disagree");
  if (place) verdict(place, "DELETE");
});
document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  const pane = document.querySelector(".code-pane");
  if (!pane) return;
  if (event.target.closest('a[target="code-viewer"]')) pane.classList.add("open");
  else if (event.target.closest(".close-code")) pane.classList.remove("open");
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelector(".code-pane.open")?.classList.remove("open");
});
