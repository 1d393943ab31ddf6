// htmx settings, appended to htmx itself: they apply before htmx starts, and no page has to carry them.
Object.assign(htmx.config, { history: false, defaultTimeout: 20000, noSwap: [204, 304, "5xx"] });
