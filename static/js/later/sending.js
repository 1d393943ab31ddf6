// Files on their way: fetch can't tell how much was sent.
const QUIET = 60000;
/** Send what htmx was to fetch, and show how far that has come. A line that says nothing for QUIET ms is lost. */
export const sent = (form) => (action, { method, headers, body, signal }) => new Promise((resolve, reject) => {
  if (signal.aborted) return reject(signal.reason);
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
