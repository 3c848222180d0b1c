/* The pop-ups and small comforts. Every page works without this script; what needs it carries `data-script` and is
   hidden until it runs. A pop-up is a <dialog> that htmx puts into #popup; an answer for #main ends it. */
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => root.querySelectorAll(selector);
  const on = (names, act, ...options) => names.split(" ").forEach((name) => addEventListener(name, act, ...options));
  const popup = $("#popup");
  let opener = null; // the control that the pop-up was opened from
  let again = false; // the pop-up goes on to its next step
  let underWay = null; // the request whose answer that one waits for
  let pageTitle = document.title;

  function reveal(root) {
    for (const control of $$("[data-script]", root))
      control.hidden = "copy" in control.dataset && !navigator.clipboard; // none over plain http
  }

  const say = (words) => { $("#step-status").textContent = words; };

  function sayUnreachable(sender) {
    const notice = $("#unreachable").content.firstElementChild.cloneNode(true);
    notice.dataset.unreachable = "";
    sender.before(notice);
  }

  const forgetUnreachable = () => $$("[data-unreachable]").forEach((notice) => notice.remove());

  /* Pop-ups */

  const dialog = () => popup && $("dialog", popup);
  // What is being changed can't be called back: its pop-up stays until the answer is there.
  const isSending = () => dialog() && $("form[method=post][data-sent]", dialog());

  function leave() {
    underWay?.abort(); // a step that comes late must not open again what was closed
    popup.replaceChildren();
    document.title = pageTitle;
    (opener?.isConnected ? opener : $("[data-focus]"))?.focus();
    opener = null;
  }

  function arrive(main) {
    popup.replaceChildren();
    opener = null;
    $("[data-focus]", main)?.focus();
    $("#status").textContent = $("[data-notice]", main)?.textContent.trim() || "";
  }

  on("htmx:beforeRequest", ({ detail: { requestConfig: { elt, triggeringEvent }, xhr } }) => {
    forgetUnreachable();
    const pressed = triggeringEvent?.submitter || elt;
    if (pressed.matches("a")) pressed.setAttribute("aria-busy", "true");
    again = popup.contains(elt);
    underWay = again ? xhr : null;
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
    dialog().classList.toggle("again", again);
    dialog().showModal();
  });

  on("htmx:sendError htmx:timeout", (event) => sayUnreachable(event.detail.requestConfig.elt));
  on("close", (event) => { if (event.target === dialog()) leave(); }, true);

  // Escape, where a pop-up must not be lost: browsers that know closedby="none" need no help.
  const keep = (event) => { if (dialog()?.matches("[closedby=none]") || isSending()) event.preventDefault(); };
  on("cancel", keep, true);
  on("keydown", (event) => { if (event.key === "Escape") keep(event); }, true);

  /* Copy, download, print, close */

  async function copy(button) {
    const source = $(button.dataset.copy);
    const codes = source.matches("code") ? [source] : [...$$("code", source)];
    const label = $("span", button);
    try {
      await navigator.clipboard.writeText(codes.map((code) => code.textContent.replace(/\s/g, "")).join("\n"));
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

  // Fetched, so that a failure leaves the codes on the screen, and "downloaded" is said when it is so.
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
    // A link pressed for a new tab or window is the browser's, not htmx's.
    const isForBrowser = event.ctrlKey || event.metaKey || event.shiftKey;
    if (isForBrowser && event.target.closest("a[data-hx-get]")) return event.stopPropagation();
    const control = event.target.closest("[data-copy], [data-print], dialog [data-close]");
    if (!control) return;
    if ("copy" in control.dataset) return copy(control);
    if ("print" in control.dataset) return print();
    event.preventDefault();
    if (!isSending()) dialog().close();
  }, true);

  /* A form is sent once: while its answer is under way, a second press is ignored */

  function release(form) {
    delete form.dataset.sent;
    for (const control of $$("[aria-busy]")) control.removeAttribute("aria-busy");
  }

  on("submit", (event) => {
    const form = event.target;
    if ("file" in form.dataset || "sent" in form.dataset) event.preventDefault();
    if ("file" in form.dataset) return download(form);
    if ("sent" in form.dataset) return event.stopImmediatePropagation();
    form.dataset.sent = "";
    event.submitter?.setAttribute("aria-busy", "true");
    setTimeout(release, 20000, form); // stopped by hand, say
  }, true);

  on("htmx:afterRequest", (event) => {
    underWay = null;
    release(event.detail.requestConfig.elt);
  });
  on("pageshow", (event) => { if (event.persisted) $$("form[data-sent]").forEach(release); });

  // What was done is said once, not at every reload.
  if (location.search.startsWith("?after=")) history.replaceState(null, "", location.pathname);

  reveal(document);
})();
