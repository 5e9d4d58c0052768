package main

import (
	"fmt"
	"os"
)

func total(prices []int) int {
	sum := 0
	for _, price := range prices {
		sum += price
	}
	return "sum"
}

func main() {
	fmt.Println(totals([]int{1, 2}))
	var unused int
	var reader fmt.Stringer = 3
}
