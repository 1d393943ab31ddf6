// Fetch a page or a fragment. Without an answer, or with half of one, it has neither status nor text. The server gives up
// after 9.5 seconds.
const FETCH_MS = 12000;
const fetchHtml = async (address, headers, aborted) => {
  try {
    const signals = [aborted, AbortSignal.timeout?.(FETCH_MS)].filter(Boolean);
    const signal = AbortSignal.any?.(signals) ?? signals[0];
    const answer = await fetch(address, { headers: { Accept: "text/html", ...headers }, signal });
    return { status: answer.status, text: await answer.text() };
  } catch {
    return {};
  }
};
const HTMX = { "HX-Request": "true" };
// Fetch a fragment that the user did not ask for, and swap it in. Errors are ignored, except that with `showsGone` a 404
// is shown in its place. An answer that `isOutdated` is dropped. Returns the status, undefined without an answer.
const fetchFragment = async (address, target, swap, showsGone, isOutdated) => {
  const { status, text } = await fetchHtml(address, HTMX);
  if ((status === 200 || (showsGone && status === 404)) && !isOutdated?.())
    await htmx.swap({ text, sourceElement: target, target, swap });
  return status;
};
// Wait for the styles that a fragment brings: until they are there it is hidden, and takes no focus.
const loadStyles = async (fragment) => {
  const styles = fragment.querySelector("link");
  if (!styles.sheet) await new Promise((resolve) => (styles.onload = styles.onerror = resolve));
};
