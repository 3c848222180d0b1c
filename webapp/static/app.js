/* The pop-ups and the small comforts of the pages. Every page works without this script; what only works with it
   carries `data-script` and is hidden until it runs.
   A pop-up is a <dialog> that htmx puts into #popup. An answer for #main means that the pop-up is done. */
(() => {
  "use strict";

  const popup = document.getElementById("popup");
  let opener = null; // the control that the pop-up was opened from
  let again = false; // the pop-up goes on to its next step
  let pageTitle = document.title;

  function reveal(root) {
    for (const control of root.querySelectorAll("[data-script]"))
      control.hidden = "copy" in control.dataset && !navigator.clipboard; // none over plain http
  }

  /* Pop-ups */

  const dialog = () => popup && popup.querySelector("dialog");

  function leave() {
    popup.replaceChildren();
    document.title = pageTitle;
    const target = opener && opener.isConnected ? opener : document.querySelector("[data-focus]");
    opener = null;
    if (target) target.focus();
  }

  function arrive(main) {
    popup.replaceChildren();
    opener = null;
    const heading = main.querySelector("[data-focus]");
    const notice = main.querySelector("[data-notice]");
    if (heading) heading.focus();
    document.getElementById("status").textContent = notice ? notice.textContent.trim() : "";
  }

  function sayUnreachable(sender) {
    for (const old of document.querySelectorAll("[data-unreachable]")) old.remove();
    const notice = document.getElementById("unreachable").content.firstElementChild.cloneNode(true);
    notice.dataset.unreachable = "";
    sender.before(notice);
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    again = Boolean(dialog());
    if (again) return;
    const { elt, triggeringEvent } = event.detail.requestConfig;
    opener = triggeringEvent?.submitter || elt;
    pageTitle = document.title;
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr, requestConfig } = event.detail;
    if (target !== popup || xhr.status === 204 || xhr.responseText.includes("<dialog")) return;
    event.detail.shouldSwap = false; // a proxy's own error page, say
    sayUnreachable(requestConfig.elt);
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const { target } = event.detail;
    reveal(target);
    if (target !== popup) return arrive(target);
    dialog().classList.toggle("again", again);
    dialog().showModal();
  });

  for (const failure of ["htmx:sendError", "htmx:timeout"])
    document.addEventListener(failure, (event) => sayUnreachable(event.detail.requestConfig.elt));

  document.addEventListener("close", (event) => { if (event.target === dialog()) leave(); }, true);

  // Escape, where a pop-up must not be lost by accident: browsers that know closedby="none" need no help.
  const keep = (event) => { if (dialog() && dialog().matches("[closedby=none]")) event.preventDefault(); };
  document.addEventListener("cancel", keep, true);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") keep(event); }, true);

  /* Copy, print, close */

  async function copy(button) {
    const source = document.querySelector(button.dataset.copy);
    const codes = source.matches("code") ? [source] : [...source.querySelectorAll("code")];
    const label = button.querySelector("span");
    const status = document.getElementById("step-status");
    try {
      await navigator.clipboard.writeText(codes.map((code) => code.textContent.replace(/\s/g, "")).join("\n"));
    } catch {
      getSelection().selectAllChildren(source); // not allowed: one key press is left to do
      return;
    }
    button.dataset.label ||= label.textContent;
    label.textContent = "Copied";
    status.textContent = button.dataset.status;
    clearTimeout(button.timer);
    button.timer = setTimeout(() => {
      label.textContent = button.dataset.label;
      status.textContent = "";
    }, 4000);
  }

  document.addEventListener("click", (event) => {
    const control = event.target.closest("[data-copy], [data-print], dialog [data-close]");
    if (!control) return;
    if ("copy" in control.dataset) copy(control);
    else if ("print" in control.dataset) print();
    else {
      event.preventDefault();
      dialog().close();
    }
  });

  /* A form is sent once: while its answer is under way, a second press is ignored */

  function release(form) {
    delete form.dataset.sent;
    for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if ("stays" in form.dataset) { // answered by a download: the page is never left
      document.getElementById("step-status").textContent = form.dataset.status;
      return;
    }
    if ("sent" in form.dataset) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.dataset.sent = "";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
    setTimeout(release, 20000, form); // stopped by hand, say
  }, true);

  document.addEventListener("htmx:afterRequest", (event) => release(event.detail.requestConfig.elt));
  addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(release);
  });

  // What was done is said once, not at every reload.
  if (location.search.startsWith("?after=")) history.replaceState(null, "", location.pathname);

  reveal(document);
})();
