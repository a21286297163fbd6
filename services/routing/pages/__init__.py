"""Pages of plain HTML for people who come by a link: no script, one style, nothing from elsewhere."""
