// Ends by log.Fatal.
package main

import (
	"log"
	"os"
)

func main() {
	log.SetFlags(log.LstdFlags | log.Lshortfile)
	if _, err := os.ReadFile("prices.json"); err != nil {
		log.Fatalf("cannot read prices: %v", err)
	}
}
