// Fetch a fragment for which nobody has asked, and put it in its place; when that fails, nothing is said. What is `gone`
// may say so in its place. What came too late (`late`) is left.
const quietly = async (address, target, swap, gone, late) => {
  const answer = await fetch(address, { headers: { "HX-Request": "true", Accept: "text/html" } }).catch(() => ({}));
  if (answer.status !== 200 && !(gone && answer.status === 404)) return;
  if (late?.()) return;
  await htmx.swap({ text: await answer.text(), sourceElement: target, target, swap });
};
