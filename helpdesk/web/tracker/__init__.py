"""The set-up of the embedded tracker: projects, roles, statuses and the like, and the steps of a first start."""
