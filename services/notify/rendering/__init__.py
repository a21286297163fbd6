"""From a planned item to the words its recipient reads: subject, text, HTML, chat."""
