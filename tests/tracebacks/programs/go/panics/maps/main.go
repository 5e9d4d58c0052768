// Several goroutines write one map.
package main

import "sync"

func count(stock map[int]int, done *sync.WaitGroup) {
	defer done.Done()
	for i := 0; ; i++ {
		stock[i%100]++
	}
}

func main() {
	stock := map[int]int{}
	var done sync.WaitGroup
	done.Add(2)
	go count(stock, &done)
	go count(stock, &done)
	done.Wait()
}
