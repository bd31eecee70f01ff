"""The REST API: what other systems of the business ask and tell, by keys with scopes."""
