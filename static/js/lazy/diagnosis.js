// Show in the widget why notifications may not arrive.
let connection, lastEventAt, feedReadAt;
const showLine = (name, text) => (widget().querySelector("[data-says=" + name + "]").textContent = text);
const formatTime = (at) => (at ? new Date(at).toLocaleTimeString(document.documentElement.lang) : "–");

const showDiagnosis = async () => {
  const details = widget()?.querySelector("details");
  if (!details) return;
  const texts = details.dataset;
  if (connection) showLine("stream", texts[connection.is] + " " + formatTime(connection.since));
  showLine("event", formatTime(lastEventAt));
  showLine("tick", formatTime(feedReadAt));
  if (details.open) showLine("sound", (await maySound()) ? texts.allowed : texts.forbidden);
};
document.addEventListener("stream:state", ({ detail }) => {
  connection = detail;
  showDiagnosis();
});
document.addEventListener("stream:feed", () => {
  feedReadAt = document.getElementById("fresh").dataset.tick;
  showDiagnosis();
});
document.addEventListener("toggle", ({ target }) => target.closest?.("#widget") && showDiagnosis(), true);
setTimeout(() => document.dispatchEvent(new CustomEvent("stream:ask")));
