package a

import "example.com/shop/b"

func Open() { b.Close() }
