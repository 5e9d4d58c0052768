package main

import (
	"example.com/shop/absent"
	"github.com/example/ledger"
	"no/such/std"
)

func main() { absent.X(); ledger.Y() }
