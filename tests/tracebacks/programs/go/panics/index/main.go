// Prices a cart whose last item has no place in the list.
package main

import "fmt"

type Shop struct {
	prices []int
}

func (s *Shop) Price(item int) int {
	return s.prices[item]
}

func total(s *Shop, items ...int) (sum int) {
	for _, item := range items {
		sum += s.Price(item)
	}
	return sum
}

func main() {
	shop := &Shop{prices: []int{3, 4, 5}}
	fmt.Println("opening the shop")
	fmt.Println(total(shop, 0, 5))
}
