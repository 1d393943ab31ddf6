"""Reports and other tables as files for spreadsheets."""
