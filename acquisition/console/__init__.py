"""The operator's page on the workstation."""
