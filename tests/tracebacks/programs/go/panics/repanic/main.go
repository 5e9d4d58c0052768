// Recovers, and panics again.
package main

import (
	"errors"
	"fmt"
)

func charge(cents int) {
	if cents < 0 {
		panic("negative amount")
	}
}

func checkout(cents int) {
	defer func() {
		if reason := recover(); reason != nil {
			panic(fmt.Errorf("checkout failed: %v", errors.New(fmt.Sprint(reason))))
		}
	}()
	charge(cents)
}

func main() {
	checkout(-5)
}
