"""What intake and notify share about callbacks: where one may go, what signs it, and the settings of both."""
