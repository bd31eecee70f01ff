"""The web edge: the REST API. Loaded only when it is served; nothing of the business stands here."""
