"""A till: articles have prices, a basket has a total."""
