/* Pop-ups and small comforts. Every page works without; what needs this script has `data-script` and is hidden until
   it runs. A pop-up is a <dialog> that htmx puts into #popup; an answer for #main ends it. */
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => root.querySelectorAll(selector);
  const on = (names, act) => names.split(" ").forEach((name) => addEventListener(name, act, true));
  const popup = $("#popup");
  let opener; // the control that the pop-up was opened from
  let again; // the pop-up goes on to its next step
  let underWay; // the newest request
  let pageTitle;

  function reveal(root) {
    for (const control of $$("[data-script]", root))
      control.hidden = control.dataset.copy && !navigator.clipboard; // none over plain http
  }

  const say = (words) => $("#step-status")?.replaceChildren(words);
  const sayUnreachable = (sender) => sender.before($("#unreachable").content.cloneNode(true));
  const forgetUnreachable = () => $$("[data-unreachable]").forEach((notice) => notice.remove());

  // What is being changed can't be called back: its pop-up stays until the answer is there.
  const isSending = () => $("#popup form[method=post][data-sent]");

  function leave() {
    underWay?.abort(); // a late step must not open again what was closed
    popup.replaceChildren();
    document.title = pageTitle;
    (opener?.isConnected ? opener : $("[data-focus]"))?.focus();
  }

  function arrive(main) {
    popup.replaceChildren();
    $("[data-focus]", main)?.focus();
    $("#status").textContent = $("[data-notice]", main)?.textContent.trim() || "";
  }

  on("htmx:beforeRequest", ({ detail: { requestConfig: { elt, triggeringEvent }, xhr } }) => {
    forgetUnreachable();
    const pressed = triggeringEvent?.submitter || elt;
    if (pressed.matches("a")) pressed.setAttribute("aria-busy", "true");
    underWay = xhr;
    again = popup.contains(elt);
    if (again) return;
    opener = pressed;
    pageTitle = document.title;
  });

  on("htmx:beforeSwap", (event) => {
    const { target, xhr, requestConfig } = event.detail;
    if (target !== popup || xhr.status === 204 || xhr.responseText.includes("<dialog")) return;
    event.detail.shouldSwap = false; // a proxy's own error page, say
    sayUnreachable(requestConfig.elt);
  });

  on("htmx:afterSwap", ({ detail: { target } }) => {
    reveal(target);
    if (target !== popup) return arrive(target);
    const dialog = $("dialog", popup);
    dialog.classList.toggle("again", again);
    dialog.showModal();
  });

  on("htmx:sendError htmx:timeout", (event) => sayUnreachable(event.detail.requestConfig.elt));

  // Escape: left at once. "close" comes a frame later, and would take the focus from who pressed Tab meanwhile.
  // Where a pop-up must not be lost, browsers that know closedby="none" need no help.
  const mustStay = () => $("#popup [closedby=none]") || isSending();
  on("keydown", (event) => { if (event.key === "Escape" && mustStay()) event.preventDefault(); });
  on("cancel", (event) => { if (event.cancelable && mustStay()) event.preventDefault(); else leave(); });

  async function copy(button) {
    const source = $(button.dataset.copy);
    const label = $("span", button);
    try {
      await navigator.clipboard.writeText(source.innerText.replace(/[^\S\n]/g, "")); // each code on its line
    } catch { // not allowed: one key press is left to do
      getSelection().selectAllChildren(source);
      return say(button.dataset.refused);
    }
    button.dataset.label ||= label.textContent;
    label.textContent = "Copied";
    say(button.dataset.status);
    clearTimeout(button.timer);
    button.timer = setTimeout(() => {
      label.textContent = button.dataset.label;
      say("");
    }, 4000);
  }

  // Fetched: a failure leaves the codes on the screen, and "downloaded" is said when it is so.
  async function download(form) {
    forgetUnreachable();
    say("");
    try {
      const answer = await fetch(form.action, { method: "post", body: new URLSearchParams(new FormData(form)) });
      if (!answer.headers.has("Content-Disposition")) return location.assign(answer.url); // they are gone
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await answer.blob());
      link.download = form.dataset.file;
      link.click();
      say(form.dataset.status);
    } catch {
      sayUnreachable(form);
    }
  }

  on("click", (event) => {
    const isForNewTab = event.ctrlKey || event.metaKey || event.shiftKey; // the browser's, not htmx's
    if (isForNewTab && event.target.closest("a[data-hx-get]")) return event.stopPropagation();
    const control = event.target.closest("[data-copy], [data-print], dialog [data-close]");
    if (!control) return;
    if (control.dataset.copy) return copy(control);
    if ("print" in control.dataset) return print();
    event.preventDefault();
    if (!isSending()) leave();
  });

  /* A form is sent once: while its answer is under way, a second press is ignored */

  function release(form) {
    delete form.dataset.sent;
    $$("[aria-busy]").forEach((control) => control.removeAttribute("aria-busy"));
  }

  on("submit", (event) => {
    const form = event.target;
    const { file, sent } = form.dataset;
    if (file || sent) event.preventDefault();
    if (file) return download(form);
    if (sent) return event.stopImmediatePropagation();
    form.dataset.sent = "yes";
    event.submitter?.setAttribute("aria-busy", "true");
    setTimeout(release, 20000, form); // stopped by hand, say
  });

  on("htmx:afterRequest", (event) => release(event.detail.requestConfig.elt));
  on("pageshow", (event) => { if (event.persisted) $$("form[data-sent]").forEach(release); });

  // What was done is said once, not at every reload.
  if (location.search.startsWith("?after=")) history.replaceState(null, "", location.pathname);

  reveal(document);
})();
