"""What is made of an error log: the incident it tells of, its diagnosis, and fixes that were checked. Pure."""
