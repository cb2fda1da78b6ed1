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
};
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
