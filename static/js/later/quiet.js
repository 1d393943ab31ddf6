// Fetch a fragment for which nobody has asked, and put it in its place; when that fails, nothing is said.
const quietly = async (address, target, swap) => {
  const answer = await fetch(address, { headers: { "HX-Request": "true", Accept: "text/html" } }).catch(() => ({}));
  if (answer.status === 200) await htmx.swap({ text: await answer.text(), sourceElement: target, target, swap });
};
