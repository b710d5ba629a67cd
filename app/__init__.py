"""The service: the only place with HTTP, a database, and the environment."""
