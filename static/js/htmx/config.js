// Behind htmx in its own file, so that it is there before htmx begins, and no page has to say it.
Object.assign(htmx.config, { history: false, defaultTimeout: 20000, noSwap: [204, 304, "5xx"] });
