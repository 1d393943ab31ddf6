// The short form on the card of a call: its page may save no drafts yet. As a module this runs once in a page.
const form = document.querySelector("form[data-saves]");
if (form && !document.body.classList.contains("task-at-once")) import(form.dataset.saves);
