// Upload files by XMLHttpRequest, because fetch does not report the progress.
const STALLED_MS = 60000;
/** Send a request of htmx and show its progress. It fails when nothing was sent for STALLED_MS. */
export const upload = (form, action, { method, headers, body, signal, abort }) => {
  const send = (resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const status = form.querySelector(".sending");
    const bar = status.querySelector("progress");
    status.querySelector("[data-cancel]").onclick = () => {
      abort();
      form.elements.files.focus();
    };
    const xhr = new XMLHttpRequest();
    let timer;
    const restartTimer = () => {
      clearTimeout(timer);
      timer = setTimeout(() => xhr.abort(), STALLED_MS);
    };
    xhr.open(method, action);
    for (const name in headers) xhr.setRequestHeader(name, headers[name]);
    xhr.upload.onprogress = ({ loaded, total }) => {
      bar.value = loaded / total;
      restartTimer();
    };
    xhr.onload = () => {
      const lines = xhr.getAllResponseHeaders().trim().split("\r\n");
      const received = lines.map((line) => line.split(/: (.*)/, 2));
      resolve(new Response(xhr.response, { status: xhr.status, headers: received }));
    };
    xhr.onerror = xhr.onabort = () => reject(signal.aborted ? signal.reason : new TypeError("Failed to send"));
    xhr.onloadend = () => {
      clearTimeout(timer);
      status.hidden = true;
    };
    signal.addEventListener("abort", () => xhr.abort());
    status.hidden = false;
    restartTimer();
    xhr.send(body);
  };
  return new Promise(send);
};
