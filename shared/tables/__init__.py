"""Requests from spreadsheets and text tables: files become rows, rows become the messages that every channel takes."""
