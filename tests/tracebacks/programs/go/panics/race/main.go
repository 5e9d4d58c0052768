// Two goroutines write one counter.
package main

import (
	"fmt"
	"sync"
)

type counter struct{ sold int }

func (c *counter) sell() {
	c.sold++
}

func main() {
	c := &counter{}
	var done sync.WaitGroup
	for i := 0; i < 2; i++ {
		done.Add(1)
		go func() {
			defer done.Done()
			c.sell()
		}()
	}
	done.Wait()
	fmt.Println(c.sold)
}
