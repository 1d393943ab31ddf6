// Fetch a fragment that the user did not ask for, and swap it in. Errors are ignored, except that with `showsGone` a 404
// is shown in its place. An answer that `isOutdated` is dropped.
const fetchFragment = async (address, target, swap, showsGone, isOutdated) => {
  const answer = await fetch(address, { headers: { "HX-Request": "true", Accept: "text/html" } }).catch(() => ({}));
  if (answer.status !== 200 && !(showsGone && answer.status === 404)) return;
  if (isOutdated?.()) return;
  await htmx.swap({ text: await answer.text(), sourceElement: target, target, swap });
};
