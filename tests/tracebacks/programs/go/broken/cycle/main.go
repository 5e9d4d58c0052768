package main

import "example.com/shop/a"

func main() { a.Open() }
