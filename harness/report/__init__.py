"""Reports: terminal, Markdown, CSV, JSON, charts and the HTML page."""
