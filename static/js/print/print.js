// Open the browser's dialog: the page was asked for to be printed.
addEventListener("load", () => print());
