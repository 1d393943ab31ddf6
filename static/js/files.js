// Files: how far they have come and a way to stop them, dropped onto the page, pasted into a text.
(() => {
  const waiting = [];
  let stop;
  const its = () => document.querySelector("form[data-files]");
  const add = () => {
    const form = its();
    if (!form?.elements.files || !waiting.length || form.matches(".htmx-request")) return;
    const all = new DataTransfer();
    for (const file of [...form.elements.files.files, ...waiting.splice(0)]) all.items.add(file);
    form.elements.files.files = all.files;
    if (form.dataset.files === "send") form.requestSubmit();
    else if (document.activeElement.type !== "textarea") form.elements.files.focus();
  };

  // How far a file has come, and how it is stopped, comes when a file is first sent.
  const sent = (form) => async (...request) => (await import(document.body.dataset.later)).sent(form)(...request);
  document.addEventListener("htmx:before:request", ({ target, detail: { ctx } }) => {
    const form = its();
    if (!form?.contains(target) || !form.elements.files?.files.length || !(ctx.request.body instanceof FormData)) return;
    clearTimeout(ctx.requestTimeout);
    stop = () => ctx.request.abort();
    ctx.fetch = sent(form);
  });
  document.addEventListener("htmx:finally:request", () => setTimeout(add));
  document.addEventListener("click", ({ target }) => {
    if (!target.closest?.("[data-cancel]")) return;
    stop();
    its().elements.files.focus();
  });

  const carries = (event) => its() && event.dataTransfer.types.includes("Files");
  const over = (is) => its()?.classList.toggle("over", is);
  document.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    over(true);
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => relatedTarget || over(false));
  document.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    over(false);
    waiting.push(...event.dataTransfer.files);
    add();
  });
  document.addEventListener("paste", async (event) => {
    const { files, types } = event.clipboardData;
    if (!its() || !files.length || types.includes("text/plain")) return;
    event.preventDefault();
    const all = [...files];
    const { pasted = () => all } = await import(document.body.dataset.later).catch(() => ({}));
    waiting.push(...pasted(all, event.target, its().dataset.reference));
    add();
  });
})();
