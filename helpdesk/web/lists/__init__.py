"""Lists of tasks: pages, filters, bulk changes, statistics, exports."""
