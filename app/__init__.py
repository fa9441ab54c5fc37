"""Shell and workflow: holds the document and connects the science with the widgets."""
