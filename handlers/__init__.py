"""The Telegram edge: one module a conversation. A handler reads the update, calls one service, says one thing."""
