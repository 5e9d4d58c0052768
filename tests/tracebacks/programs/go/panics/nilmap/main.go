// Follows a nil pointer inside a closure.
package main

import "sort"

type Item struct {
	Name  string
	Price *int
}

func main() {
	four := 4
	items := []Item{{"tea", &four}, {"bread", nil}, {"milk", &four}}
	sort.Slice(items, func(a, b int) bool {
		return *items[a].Price < *items[b].Price
	})
}
