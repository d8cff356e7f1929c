"""The tests behind the catalogue, one module for each subject."""
