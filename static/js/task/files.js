// Files: show the progress of an upload and stop it, accept files that are dropped onto the page or pasted into a text.
(() => {
  const queue = [];
  const findForm = () => document.querySelector("form[data-files]");
  const load = () => import(document.body.dataset.lazy);
  const addQueued = () => {
    const form = findForm();
    if (!form?.elements.files || !queue.length || form.matches(".htmx-request")) return;
    const all = new DataTransfer();
    for (const file of [...form.elements.files.files, ...queue.splice(0)]) all.items.add(file);
    form.elements.files.files = all.files;
    for (const type of ["input", "change"]) form.elements.files.dispatchEvent(new Event(type, { bubbles: true }));
    if (document.activeElement.type !== "textarea") form.elements.files.focus();
  };

  document.addEventListener("htmx:before:request", ({ target, detail: { ctx } }) => {
    const form = findForm();
    const hasFiles = form?.contains(target) && form.elements.files?.files.length;
    if (!hasFiles || !(ctx.request.body instanceof FormData)) return;
    clearTimeout(ctx.requestTimeout);
    ctx.fetch = async (...request) => (await load()).upload(form, ...request);
  });
  document.addEventListener("htmx:finally:request", () => setTimeout(addQueued));

  const carriesFiles = (event) => findForm() && event.dataTransfer.types.includes("Files");
  const highlight = (isOver) => findForm()?.classList.toggle("over", isOver);
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    highlight(true);
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => relatedTarget || highlight(false));
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    highlight(false);
    queue.push(...event.dataTransfer.files);
    addQueued();
  });
  document.addEventListener("paste", async (event) => {
    const { files, types } = event.clipboardData;
    if (!findForm() || !files.length || types.includes("text/plain")) return;
    event.preventDefault();
    const all = [...files];
    const { pasteFiles = () => all } = await load().catch(() => ({}));
    queue.push(...pasteFiles(all, event.target, findForm().dataset.reference));
    addQueued();
  });
})();
