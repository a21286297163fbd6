"""From plain data to pages: composes blocks, sets them as PDF or Word, always in a child process."""
