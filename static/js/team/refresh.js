// Load the team again every ten seconds, while somebody can see it.
(() => {
  const SECONDS = 10;
  const refresh = () => {
    if (document.visibilityState === "visible") document.getElementById("team")?.dispatchEvent(new Event("refresh"));
  };
  setInterval(refresh, SECONDS * 1000);
  document.addEventListener("visibilitychange", refresh);
})();
