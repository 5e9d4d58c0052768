// Panics with values of its own types.
package main

import (
	"errors"
	"fmt"
	"os"
)

type OrderError struct {
	ID     int
	Reason string
}

func (e OrderError) Error() string {
	return fmt.Sprintf("order %d:\n%s", e.ID, e.Reason)
}

type Code int

type Pair struct{ a, b int }

func main() {
	switch os.Args[1] {
	case "error":
		panic(OrderError{7, "no such item"})
	case "wrapped":
		panic(fmt.Errorf("checkout: %w", errors.New("card declined")))
	case "code":
		panic(Code(12))
	case "struct":
		panic(Pair{1, 2})
	}
	panic("unreachable: " + os.Args[1])
}
