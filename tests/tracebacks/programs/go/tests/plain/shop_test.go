package shop

import (
	"fmt"
	"testing"
)

func TestEmptyCart(t *testing.T) {
	t.Log("an empty cart")
}

func TestTotal(t *testing.T) {
	if got := Total(1, 2); got != 3 {
		t.Errorf("got %d, want %d", got, 3)
	}
	t.Fatal("stopping here:\nno more prices")
}

func TestRates(t *testing.T) {
	for _, rate := range []int{1, 7} {
		t.Run(fmt.Sprintf("rate %d", rate), func(t *testing.T) {
			if rate == 7 {
				t.Errorf("rate %d is unknown", rate)
			}
		})
	}
}

func TestLater(t *testing.T) {
	t.Skip("not written")
}

func ExampleTotal() {
	fmt.Println(Total(4, 5, 6))
	// Output: 15
}
