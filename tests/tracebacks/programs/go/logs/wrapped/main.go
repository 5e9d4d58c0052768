// Prints an error of github.com/pkg/errors with the stacks that it gathered.
package main

import (
	"fmt"
	"os"

	"github.com/pkg/errors"
)

func read(name string) error {
	_, err := os.ReadFile(name)
	return errors.Wrap(err, "reading the prices")
}

func open(name string) error {
	return errors.WithMessage(read(name), "opening the shop")
}

func charge() error {
	return errors.New("card declined")
}

func main() {
	fmt.Printf("%+v\n", errors.Wrap(charge(), "checkout"))
	fmt.Println()
	fmt.Printf("%+v\n", open("prices.json"))
}
