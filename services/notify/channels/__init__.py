"""How messages leave: mail over SMTP, chat robots, webhooks. Every attempt ends as Done, Retry, Terminal or Doubt."""
