"""Use cases that every edge shares: each takes the transaction, checks the actor, audits, and says what follows."""
