package b

import "example.com/shop/a"

func Close() { a.Open() }
