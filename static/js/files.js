// Files: how far they have come and a way to stop them, dropped onto the page, pasted into a text.
(() => {
  const QUIET = 60000;
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
    else form.elements.files.focus();
  };

  // Fetch can't tell how much was sent. A line that says nothing for QUIET ms is lost.
  const sent = (form) => (action, { method, headers, body, signal }) => new Promise((resolve, reject) => {
    const sending = form.querySelector(".sending");
    const bar = sending.querySelector("progress");
    const xhr = new XMLHttpRequest();
    let quiet;
    const wait = () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => xhr.abort(), QUIET);
    };
    xhr.open(method, action);
    for (const name in headers) xhr.setRequestHeader(name, headers[name]);
    xhr.upload.onprogress = ({ loaded, total }) => {
      bar.value = loaded / total;
      wait();
    };
    xhr.onload = () => {
      const lines = xhr.getAllResponseHeaders().trim().split("\r\n");
      resolve(new Response(xhr.response, { status: xhr.status, headers: lines.map((line) => line.split(/: (.*)/, 2)) }));
    };
    xhr.onerror = xhr.onabort = () => reject(signal.aborted ? signal.reason : new TypeError("Failed to send"));
    xhr.onloadend = () => {
      clearTimeout(quiet);
      sending.hidden = true;
    };
    signal.addEventListener("abort", () => xhr.abort());
    sending.hidden = false;
    wait();
    xhr.send(body);
  });
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
  document.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData;
    if (!its() || !files.length || types.includes("text/plain")) return;
    event.preventDefault();
    const at = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
    for (const file of files) waiting.push(new File([file], file.name.replace(/^image\./, "image-" + at + "."), { type: file.type }));
    add();
  });
})();
